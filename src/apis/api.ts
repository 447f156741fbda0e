import type { ApiRow, ApiValues } from './queries.ts';

export interface ApiScope {
  readonly name: string;
  /** Shown on the consent page. */
  readonly description: string;
}

/** What an administrator decides about an API. */
export interface ApiSettings {
  readonly name: string;
  readonly scopes: readonly ApiScope[];
  readonly accessTokenFormat: 'opaque' | 'jwt';
  /** Of JWT access tokens. */
  readonly signingAlg: 'ES256' | 'RS256' | 'Ed25519';
  /** Seconds; undefined: as the client or the server says. */
  readonly accessTokenTtl: number | undefined;
  /** JWT access tokens have a `jti`. */
  readonly includeJti: boolean;
  /** JWT access tokens say where their status can be looked up (Token Status List). */
  readonly includeStatus: boolean;
  /** Client ids that may introspect tokens meant for this API. */
  readonly introspectionClients: readonly string[];
}

export interface Api extends ApiSettings {
  /** The resource indicator and the tokens' audience, compared as an exact string (RFC 8707 §2). */
  readonly identifier: string;
  /** This server's own API: it cannot be changed or deleted. */
  readonly builtIn: boolean;
  readonly createdAt: Date;
  readonly updatedAt: Date;
}

export function toApi(row: ApiRow): Api {
  return {
    identifier: row.identifier,
    name: row.name,
    scopes: row.scopes,
    accessTokenFormat: row.access_token_format,
    signingAlg: row.signing_alg,
    accessTokenTtl: row.access_token_ttl ?? undefined,
    includeJti: row.include_jti,
    includeStatus: row.include_status,
    introspectionClients: row.introspection_clients,
    builtIn: row.built_in,
    createdAt: row.created_at,
    updatedAt: row.updated_at,
  };
}

export function toValues(identifier: string, settings: ApiSettings, builtIn: boolean): ApiValues {
  return {
    identifier,
    name: settings.name,
    scopes: settings.scopes.map(({ name, description }) => ({ name, description })),
    access_token_format: settings.accessTokenFormat,
    signing_alg: settings.signingAlg,
    access_token_ttl: settings.accessTokenTtl ?? null,
    include_jti: settings.includeJti,
    include_status: settings.includeStatus,
    introspection_clients: [...settings.introspectionClients],
    built_in: builtIn,
  };
}
