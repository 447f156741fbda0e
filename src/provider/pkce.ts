import type { Configuration } from 'oidc-provider';
import type { EngineClient } from './client-metadata.ts';

/** PKCE of every client (RFC 9700 §2.1.1), S256 being the engine's only method. A confidential one may be excepted. */
export const pkce: NonNullable<Configuration['pkce']> = {
  required: (_ctx, client) =>
    client.clientAuthMethod === 'none' || (client as unknown as EngineClient).require_pkce !== false,
};
