/** What a person authorized, where a code or a refresh token stands for the plain case of it. */
import type { Api, Apis } from '#src/apis/index.ts';
import type { Client } from '#src/clients/index.ts';
import type { Authentication } from '#src/oauth/authentication-claims.ts';
import type { FoundToken, Token, TokenKind } from '#src/tokens/index.ts';

export interface Authorization {
  readonly token: FoundToken;
  readonly accountId: string;
  readonly grantId: string;
  /** What the access token is for; undefined: for asking who the person is. */
  readonly api: Api | undefined;
  /** Of the access token: what was authorized, is still granted to the client, and the API still defines. */
  readonly scope: string;
  /** OpenID Connect's scopes among what was authorized. With `openid` there is an ID token. */
  readonly oidcScopes: readonly string[];
  readonly remembered: Remembered;
}

/** What goes on from a code to its refresh token, and from each of these to the next. */
export interface Remembered extends Authentication {
  readonly nonce?: string;
  readonly resource?: string;
  readonly sessionUid?: string;
  readonly sid?: string;
}

const CARRIED = ['acr', 'amr', 'authTime', 'nonce', 'resource', 'sessionUid', 'sid'] as const;

/** Members that are understood here: a token that says anything else, that it is bound to a key for one, is the engine's. */
const UNDERSTOOD: Partial<Record<TokenKind, ReadonlySet<string>>> = {
  authorization_code: new Set([...CARRIED, 'redirectUri', 'codeChallenge', 'codeChallengeMethod']),
  refresh_token: new Set([...CARRIED, 'iiat', 'rotations']),
};

/** @returns undefined when it is not as plain as that, or there is anything to refuse */
export async function authorizationOf(
  apis: Apis,
  client: Client,
  token: FoundToken | undefined,
  kind: TokenKind,
): Promise<Authorization | undefined> {
  if (token?.kind !== kind || token.clientId !== client.id || token.consumedAt !== undefined) return undefined;
  const { accountId, grant, remainder } = token;
  const now = Date.now() / 1000;
  if (!grant || accountId === undefined || token.expiresAt <= now || grant.expiresAt <= now) return undefined;
  if (grant.clientId !== client.id || grant.accountId !== accountId) return undefined;
  // Where no scope was asked for, the answer has none.
  if (!token.scope) return undefined;
  for (const name in remainder) if (!UNDERSTOOD[kind]?.has(name)) return undefined;

  const { openid, resources, rejected, rar } = grant.consented as Consented;
  // Several APIs were authorized, or something was not: which of them is meant, the engine asks.
  if (rejected || rar || (remainder.resource !== undefined && typeof remainder.resource !== 'string')) return undefined;
  const remembered = rememberedOf(remainder);
  const asked = new Set(token.scope.split(' '));
  const oidcScopes = named(openid?.scope).filter((name) => asked.has(name));
  const common = { token, accountId, grantId: grant.id, oidcScopes, remembered };
  if (remembered.resource === undefined) return { ...common, api: undefined, scope: oidcScopes.join(' ') };

  const api = await apis.find(remembered.resource);
  const granted = new Set(named(client.registration.scope));
  const isGood = (name: string) => asked.has(name) && granted.has(name) && api?.scopes.some((one) => one.name === name);
  const scope = named(resources?.[remembered.resource]).filter(isGood).join(' ');
  return api && scope ? { ...common, api, scope } : undefined;
}

function rememberedOf({ acr, amr, authTime, nonce, resource, sessionUid, sid }: Token['remainder']): Remembered {
  return { acr, amr, authTime, nonce, resource, sessionUid, sid } as Remembered;
}

/** A grant's `consented`, in the engine's words. */
interface Consented {
  readonly openid?: { readonly scope?: string };
  readonly resources?: Readonly<Record<string, string>>;
  readonly rejected?: object;
  readonly rar?: object;
}

const named = (scope: string | undefined): string[] => scope?.split(' ') ?? [];
