import type { AdapterPayload, Configuration } from 'oidc-provider';
import { ASSERTION_ALGS, type Client, type Clients, type Registration } from '#src/clients/index.ts';
import { MFA_GRANT, PASSWORD_GRANT } from '#src/oauth/grant-types.ts';
import { OIDC_SCOPES } from '#src/oauth/scopes.ts';
import type { ModelAdapter } from './model-adapter.ts';

/** What the engine's Client carries of ours beside the RFC 7591 members. No client can register these: `toMetadata` does. */
export const extraClientMetadata = {
  properties: [
    'require_pkce',
    'granted_scopes',
    'secret_digests',
    'client_metadata',
    'first_party',
    'access_token_ttl',
    'refresh_token_ttl',
    'refresh_token_grace',
  ],
} satisfies Configuration['extraClientMetadata'];

/** The engine's Client with the properties above. */
export interface EngineClient {
  readonly clientId: string;
  readonly require_pkce: boolean;
  readonly granted_scopes: readonly string[];
  readonly secret_digests: readonly string[];
  readonly client_metadata: Record<string, unknown>;
  readonly first_party: boolean;
  readonly access_token_ttl?: number;
  readonly refresh_token_ttl?: number;
  readonly refresh_token_grace?: number;
}

/**
 * The engine wants a secret where its schema needs one, but compares through `verifySecret`. A known placeholder is safe
 * because everything that would derive a key from it is off: client_secret_jwt, HS* and symmetric encryption (features.ts).
 */
const PLACEHOLDER_SECRET = 'kept only as a digest';

/**
 * The engine caches client instances by the hash of this object, so the same row must always give the same JSON: members
 * are listed in one fixed order, and a changed secret or scope is a different client on the very next request.
 */
export function toMetadata(client: Client): AdapterPayload {
  return {
    ...engineRegistration({ ...client.registration, client_id: client.id }),
    require_pkce: client.registration.require_pkce,
    granted_scopes: scopesOf(client.registration),
    secret_digests: client.secretDigests.map((digest) => digest.toString('base64url')),
    client_metadata: client.metadata,
    first_party: client.firstParty,
    ...(client.accessTokenTtl !== undefined && { access_token_ttl: client.accessTokenTtl }),
    ...(client.refreshTokenTtl !== undefined && { refresh_token_ttl: client.refreshTokenTtl }),
    ...(client.refreshTokenGrace !== undefined && { refresh_token_grace: client.refreshTokenGrace }),
  };
}

/** The RFC 7591 members as the engine's schema wants them. */
export function engineRegistration({
  scope,
  require_pkce: _,
  ...registration
}: Registration & { client_id: string }): AdapterPayload {
  const oidc = scopesOf({ scope }).filter((name) => OIDC_SCOPES.includes(name));
  return {
    ...registration,
    ...(SECRET_METHODS.has(registration.token_endpoint_auth_method) && { client_secret: PLACEHOLDER_SECRET }),
    // Who may begin with a password may go on with what it takes beside.
    ...(registration.grant_types.includes(PASSWORD_GRANT) && {
      grant_types: [...registration.grant_types, MFA_GRANT],
    }),
    // The engine knows only OpenID Connect's scopes; those of APIs are checked in resources.ts. Never empty: empty would
    // mean "no restriction".
    scope: oidc.length > 0 ? oidc.join(' ') : 'openid',
  } as AdapterPayload;
}

const SECRET_METHODS = new Set(['client_secret_basic', 'client_secret_post']);

const scopesOf = ({ scope }: { scope?: string | undefined }): string[] => scope?.split(' ').filter(Boolean) ?? [];

export function clientAdapter(clients: Clients): ModelAdapter {
  return {
    async find(id) {
      const client = await clients.find(id);
      if (client && !client.disabled) return toMetadata(client);
      // Spend what comparing a secret would: the answer's time must not tell an unknown client from a wrong secret.
      clients.verifySecret(undefined, 'decoy');
      return undefined;
    },
  };
}

/** RS256 for ID tokens, because every client library knows it; API access tokens have their API's algorithm. */
export const clientDefaults: Configuration['clientDefaults'] = { id_token_signed_response_alg: 'RS256' };

const ASYMMETRIC = ['RS256', 'ES256', 'Ed25519'] as const;

/** Signatures only: HS* would be keyed by the placeholder secret, which everybody can read here. */
export const enabledJWA: Configuration['enabledJWA'] = {
  idTokenSigningAlgValues: ASYMMETRIC,
  clientAuthSigningAlgValues: ASSERTION_ALGS,
  dPoPSigningAlgValues: [...ASYMMETRIC, 'EdDSA', 'PS256', 'ES384'],
};
