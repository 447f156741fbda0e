/** How long things live, in seconds, where nobody says otherwise. The one table of them. */
const MINUTE = 60;
const HOUR = 60 * MINUTE;
const DAY = 24 * HOUR;

export const DEFAULT_LIFETIMES = {
  accessToken: HOUR,
  /** Sliding: each rotation starts it anew. */
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

/** No setting makes a personal access token live longer. */
export const LONGEST_PAT = 90 * DAY;

/** What the API and the client say of access tokens, the shorter of both: each may only ask for more caution. */
export function accessTokenLifetime(...stated: (number | undefined)[]): number {
  const said = stated.filter((ttl) => ttl !== undefined);
  return said.length > 0 ? Math.min(...said) : DEFAULT_LIFETIMES.accessToken;
}

/**
 * Sliding: each rotation starts anew, up to the absolute end.
 *
 * @param firstIssuedAt of the first of its family, in seconds since the epoch
 * @param stated what the client says, in seconds
 */
export function refreshTokenLifetime(firstIssuedAt: number, now: number, stated: number | undefined): number {
  const absoluteEnd = firstIssuedAt + DEFAULT_LIFETIMES.refreshTokenAbsolute;
  return Math.max(1, Math.min(stated ?? DEFAULT_LIFETIMES.refreshToken, absoluteEnd - now));
}
