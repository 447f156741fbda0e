/** How long things live, as the engine asks for it, and who may say otherwise. */
import type { Configuration, KoaContextWithOIDC } from 'oidc-provider';
import { accessTokenLifetime, DEFAULT_LIFETIMES, refreshTokenLifetime } from '#src/oauth/lifetimes.ts';
import type { EngineAccount } from './account.ts';

const DAY = 24 * 60 * 60;

interface WithLifetimes {
  access_token_ttl?: number;
  refresh_token_ttl?: number;
}

function accessToken(
  _ctx: KoaContextWithOIDC,
  token: { resourceServer?: { accessTokenTTL?: number | undefined } | undefined },
  client: WithLifetimes,
): number {
  return accessTokenLifetime(token.resourceServer?.accessTokenTTL, client.access_token_ttl);
}

interface SignedIn {
  readonly accountId?: string;
  readonly loginTs?: number;
  readonly exp?: number;
}

/**
 * A session ends when its policy says, counted from the sign-in, however much it is used; the idle time-out is looked at
 * where sessions are read (`session_states`). Nobody's session holds the state of a form and little else.
 */
function session({ oidc }: KoaContextWithOIDC, { accountId, loginTs, exp }: SignedIn): number {
  const now = Math.floor(Date.now() / 1000);
  if (accountId === undefined || loginTs === undefined) return DEFAULT_LIFETIMES.session;
  const account = oidc.account as EngineAccount | undefined;
  const end = account?.accountId === accountId ? loginTs + account.sessionLifetime : exp;
  return Math.max(1, (end ?? now + DEFAULT_LIFETIMES.session) - now);
}

function refreshToken(_ctx: KoaContextWithOIDC, token: { iiat?: number }, client: WithLifetimes): number {
  const now = Math.floor(Date.now() / 1000);
  return refreshTokenLifetime(token.iiat ?? now, now, client.refresh_token_ttl);
}

export const lifetimes = {
  AccessToken: accessToken,
  ClientCredentials: accessToken,
  RefreshToken: refreshToken,
  AuthorizationCode: DEFAULT_LIFETIMES.authorizationCode,
  DeviceCode: DEFAULT_LIFETIMES.deviceCode,
  // A grant that ended before its refresh tokens would end them too, without a word: a day longer than any of them.
  Grant: DEFAULT_LIFETIMES.refreshTokenAbsolute + DAY,
  IdToken: DEFAULT_LIFETIMES.idToken,
  Interaction: DEFAULT_LIFETIMES.interaction,
  Session: session,
} as Configuration['ttl'];
