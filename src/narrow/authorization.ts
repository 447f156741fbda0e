/** What a person authorized, where a code or a refresh token stands for the plain case of it. */
import type { Api, Apis } from '#src/apis/index.ts';
import type { Client } from '#src/clients/index.ts';
import type { FoundToken, TokenKind } from '#src/tokens/index.ts';
import { type Remembered, rememberedOf } from './carried.ts';
import { consentOf, named } from './consent.ts';
import { isLiving } from './living.ts';

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

/** @returns undefined when it is not as plain as that, or there is anything to refuse */
export async function authorizationOf(
  apis: Apis,
  client: Client,
  token: FoundToken | undefined,
  kind: TokenKind,
): Promise<Authorization | undefined> {
  if (token?.kind !== kind || token.clientId !== client.id || !isLiving(token)) return undefined;
  const { accountId, remainder } = token;
  const consent = consentOf(token);
  if (!consent || accountId === undefined) return undefined;
  // Several APIs were authorized: which of them is meant, the engine asks.
  if (remainder.resource !== undefined && typeof remainder.resource !== 'string') return undefined;
  const remembered = rememberedOf(remainder);
  const { asked, grant, oidcScopes, resources } = consent;
  const common = { token, accountId, grantId: grant.id, oidcScopes, remembered };
  if (remembered.resource === undefined) return { ...common, api: undefined, scope: oidcScopes.join(' ') };

  const api = await apis.find(remembered.resource);
  const granted = new Set(named(client.registration.scope));
  const isGood = (name: string) => asked.has(name) && granted.has(name) && api?.scopes.some((one) => one.name === name);
  const scope = named(resources[remembered.resource]).filter(isGood).join(' ');
  return api && scope ? { ...common, api, scope } : undefined;
}
