/** How long things live, as the engine asks for it, and who may say otherwise. */
import type { Configuration, KoaContextWithOIDC } from 'oidc-provider';
import { accessTokenLifetime, DEFAULT_LIFETIMES } from '#src/oauth/lifetimes.ts';

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

/** Sliding: each rotation starts anew, up to the absolute end counted from the first one (`iiat`). */
function refreshToken(_ctx: KoaContextWithOIDC, token: { iiat?: number }, client: WithLifetimes): number {
  const sliding = client.refresh_token_ttl ?? DEFAULT_LIFETIMES.refreshToken;
  const now = Math.floor(Date.now() / 1000);
  const absoluteEnd = (token.iiat ?? now) + DEFAULT_LIFETIMES.refreshTokenAbsolute;
  return Math.max(1, Math.min(sliding, absoluteEnd - now));
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
  Session: DEFAULT_LIFETIMES.session,
} as Configuration['ttl'];
