/** How long things live, in seconds, and who may say otherwise. */
import type { Configuration, KoaContextWithOIDC } from 'oidc-provider';

const MINUTE = 60;
const HOUR = 60 * MINUTE;
const DAY = 24 * HOUR;

export const DEFAULT_LIFETIMES = {
  accessToken: HOUR,
  refreshToken: 14 * DAY,
  /** However often it is rotated, a refresh token's family ends this long after the person signed in. */
  refreshTokenAbsolute: 365 * DAY,
  /** How long the answer to a refresh may be asked for again, unless the client says otherwise; 0: never. */
  refreshTokenGrace: 10,
  authorizationCode: MINUTE,
  deviceCode: 10 * MINUTE,
  idToken: HOUR,
  interaction: 30 * MINUTE,
  session: 14 * DAY,
} as const;

interface WithLifetimes {
  access_token_ttl?: number;
  refresh_token_ttl?: number;
}

/** The shorter of what the API and the client say: each may only ask for more caution than the other. */
function accessToken(
  _ctx: KoaContextWithOIDC,
  token: { resourceServer?: { accessTokenTTL?: number | undefined } | undefined },
  client: WithLifetimes,
): number {
  const stated = [token.resourceServer?.accessTokenTTL, client.access_token_ttl].filter((ttl) => ttl !== undefined);
  return stated.length > 0 ? Math.min(...stated) : DEFAULT_LIFETIMES.accessToken;
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
