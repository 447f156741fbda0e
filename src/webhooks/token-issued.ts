/** The event that tokens were issued to a person: what it tells, and the sealed body for whoever takes the tokens over. */
import { randomUUID } from 'node:crypto';
import type { Seals } from '#src/crypto/index.ts';
import type { TokenEvent } from '#src/tokens/index.ts';

/** One token response, as it was answered. The values in it are the living ones; where there is none, undefined. */
export interface Issued {
  readonly clientId: string;
  readonly accountId: string;
  readonly grantType: string;
  readonly scope: string | undefined;
  readonly audience: string | undefined;
  readonly grantId: string | undefined;
  /** The access token as lists and revocations name it. */
  readonly tokenId?: string | undefined;
  /** Seconds since the epoch. */
  readonly expiresAt?: number | undefined;
  readonly code: string | undefined;
  readonly accessToken: string;
  readonly refreshToken: string | undefined;
  readonly oldRefreshToken: string | undefined;
  readonly isRefresh: boolean;
}

/** What the sealed body of a notification is bound to: moved to another event it does not open. */
export const notificationSeal = (uid: string): string => `notification ${uid}`;

/**
 * Sealed whether or not anybody takes notifications: what this instance knows of webhooks is of a moment ago, and another
 * one may have made one since, whose first notification would be lost for good. The database, which cannot be mistaken,
 * drops what nobody hears (`keep_what_is_heard`). A kilobyte is sealed in 20 µs: of a token response that is one part in a
 * hundred.
 */
export function tokenIssued({ seals }: { seals: Pick<Seals, 'seal'> }, issued: Issued): TokenEvent {
  const uid = randomUUID();
  const body = Buffer.from(JSON.stringify(notificationOf(issued)));
  return {
    uid,
    type: 'token.issued',
    clientId: issued.clientId,
    accountId: issued.accountId,
    data: toldOf(issued),
    sealed: seals.seal(body, notificationSeal(uid)).toString('hex'),
  };
}

/** contract.md, "Token endpoint extras": exactly these, empty where there is none. */
function notificationOf({ code, accessToken, refreshToken, oldRefreshToken, isRefresh }: Issued) {
  return {
    auth_code: code ?? '',
    new_oauth_token: accessToken,
    refresh_token: refreshToken ?? '',
    old_refresh_token: oldRefreshToken ?? '',
    notification_type: isRefresh ? 'refresh' : 'new',
  };
}

function toldOf({ tokenId, grantId, grantType, scope, audience, expiresAt, isRefresh }: Issued) {
  return {
    token_id: tokenId,
    grant_id: grantId,
    grant_type: grantType,
    scope,
    audience,
    expires_at: expiresAt === undefined ? undefined : new Date(expiresAt * 1000).toISOString(),
    notification_type: isRefresh ? 'refresh' : 'new',
  };
}
