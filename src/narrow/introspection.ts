/** Introspection (RFC 7662) of opaque access and refresh tokens that are active, by those who may ask. */
import { type Apis, mayIntrospect } from '#src/apis/index.ts';
import type { Grant, Token, Tokens } from '#src/tokens/index.ts';
import type { Endpoint } from './index.ts';

interface IntrospectionDeps {
  readonly issuer: string;
  readonly apis: Apis;
  readonly tokens: Tokens;
}

const PARAMETERS = new Set(['token', 'token_type_hint', 'client_id', 'client_secret']);
const OPAQUE = /^[\w-]{43}$/;

export function introspection({ issuer, apis, tokens }: IntrospectionDeps): Endpoint {
  return async (form, { client }) => {
    const value = form.get('token');
    if (value === undefined || !OPAQUE.test(value)) return undefined;
    for (const name of form.keys()) if (!PARAMETERS.has(name)) return undefined;

    const token = await tokens.find(value);
    if (!token || !isPlain(token)) return undefined;
    if (token.grantId !== undefined && !isOf(token, await tokens.findGrant(token.grantId))) return undefined;
    if (!(await mayIntrospect(apis, { clientId: client.id, isPublic: false }, token))) return undefined;
    return {
      ...(token.accountId !== undefined && { sub: token.accountId }),
      ...(token.remainder.extra as object | undefined),
      active: true,
      client_id: token.clientId,
      exp: token.expiresAt,
      iat: token.issuedAt,
      sid: token.remainder.sid,
      iss: issuer,
      aud: token.audience,
      scope: token.scope || undefined,
      token_type: token.kind === 'refresh_token' ? undefined : 'Bearer',
    };
  };
}

/** Active, and a bearer token: those bound to a key say so in an answer of their own. */
function isPlain({ kind, format, consumedAt, expiresAt, remainder }: Token): boolean {
  if (format !== 'opaque' || (kind !== 'access_token' && kind !== 'refresh_token')) return false;
  if (consumedAt !== undefined || expiresAt <= Date.now() / 1000) return false;
  return remainder.jkt === undefined && remainder['x5t#S256'] === undefined;
}

function isOf(token: Token, grant: Grant | undefined): boolean {
  if (!grant || grant.expiresAt <= Date.now() / 1000) return false;
  return grant.clientId === token.clientId && grant.accountId === token.accountId;
}
