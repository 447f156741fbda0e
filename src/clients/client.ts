import type { ClientRow, ClientValues } from './queries.ts';
import { type Registration, type RegistrationInput, withDefaults } from './registration.ts';

/** What an administrator decides about a client. */
export interface ClientSettings {
  readonly registration: RegistrationInput;
  /** Copied into tokens as `client_metadata`. */
  readonly metadata: Record<string, unknown>;
  /** Ours: its users are not asked for consent. */
  readonly firstParty: boolean;
  /** Seconds; undefined: as the API or the server says. */
  readonly accessTokenTtl: number | undefined;
  readonly refreshTokenTtl: number | undefined;
  /** Seconds in which a repeated refresh gets the identical answer; 0: never; undefined: as the server says. */
  readonly refreshTokenGrace: number | undefined;
  readonly disabled: boolean;
}

export interface Client extends ClientSettings {
  readonly id: string;
  readonly registration: Registration;
  /** HMACs of the secrets that work now, for `verifySecret`. */
  readonly secretDigests: readonly Buffer[];
  /** When the first of these ends. */
  readonly secretsUntil: Date | undefined;
  readonly createdAt: Date;
  readonly updatedAt: Date;
}

export function toClient(row: ClientRow): Client {
  return {
    id: row.client_id,
    registration: row.registration,
    metadata: row.metadata,
    firstParty: row.first_party,
    accessTokenTtl: row.access_token_ttl ?? undefined,
    refreshTokenTtl: row.refresh_token_ttl ?? undefined,
    refreshTokenGrace: row.refresh_token_grace ?? undefined,
    disabled: row.disabled,
    secretDigests: row.secret_digests,
    secretsUntil: row.secrets_until ?? undefined,
    createdAt: row.created_at,
    updatedAt: row.updated_at,
  };
}

export function toValues(id: string, settings: ClientSettings): ClientValues & { registration: Registration } {
  return {
    client_id: id,
    registration: withDefaults(settings.registration),
    metadata: settings.metadata,
    first_party: settings.firstParty,
    access_token_ttl: settings.accessTokenTtl ?? null,
    refresh_token_ttl: settings.refreshTokenTtl ?? null,
    refresh_token_grace: settings.refreshTokenGrace ?? null,
    disabled: settings.disabled,
  };
}

/** What tokens say of their client beyond its name, opaque ones at introspection. */
export function clientClaims(metadata: Client['metadata']): { client_metadata: Client['metadata'] } | undefined {
  return Object.keys(metadata).length > 0 ? { client_metadata: metadata } : undefined;
}
