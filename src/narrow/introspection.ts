/** Introspection (RFC 7662) of opaque tokens that are active, by those who may ask. */
import type { Accounts } from '#src/accounts/index.ts';
import { type Apis, mayIntrospect } from '#src/apis/index.ts';
import { ACCOUNT_CLIENT } from '#src/oauth/account-client.ts';
import { isOpaquePat } from '#src/oauth/pat-value.ts';
import { NOWHERE, type Pats } from '#src/pats/index.ts';
import type { Grant, Token, Tokens } from '#src/tokens/index.ts';
import type { Endpoint } from './index.ts';

export interface IntrospectionDeps {
  readonly issuer: string;
  readonly accounts: Pick<Accounts, 'find'>;
  readonly apis: Apis;
  readonly pats: Pick<Pats, 'authenticate' | 'noteUse'>;
  readonly tokens: Tokens;
}

const PARAMETERS = new Set(['token', 'token_type_hint', 'client_id', 'client_secret']);
const OPAQUE = /^[\w-]{43}$/;

export function introspection({ issuer, accounts, apis, pats, tokens }: IntrospectionDeps): Endpoint {
  const mayAsk = (clientId: string, token: Pick<Token, 'clientId' | 'audience'>) =>
    mayIntrospect(apis, { clientId, isPublic: false }, token);

  async function aboutToken(value: string, clientId: string): Promise<object | undefined> {
    const token = await tokens.find(value);
    if (!token || !isPlain(token)) return undefined;
    if (token.grantId !== undefined && !isOf(token, await tokens.findGrant(token.grantId))) return undefined;
    if (!(await mayAsk(clientId, token))) return undefined;
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
  }

  async function aboutPat(value: string, clientId: string): Promise<object | undefined> {
    const { pat } = await pats.authenticate(value, undefined, NOWHERE, { noted: false });
    if (!pat || !(await mayAsk(clientId, { clientId: ACCOUNT_CLIENT, audience: pat.audience }))) return undefined;
    const account = await accounts.find(pat.accountId);
    if (!account) return undefined;
    pats.noteUse(pat.id, NOWHERE);
    return {
      active: true,
      sub: pat.accountId,
      username: account.username,
      client_id: ACCOUNT_CLIENT,
      scope: pat.scopes.join(' '),
      aud: pat.audience,
      iat: pat.createdAt.getTime() / 1000,
      exp: pat.expiresAt.getTime() / 1000,
      iss: issuer,
      jti: pat.id,
      token_type: 'pat',
    };
  }

  return async (form, { client }) => {
    const value = form.get('token') ?? '';
    for (const name of form.keys()) if (!PARAMETERS.has(name)) return undefined;
    if (isOpaquePat(value)) return aboutPat(value, client.id);
    return OPAQUE.test(value) ? aboutToken(value, client.id) : undefined;
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
