/** The event that tokens were issued to a person: what it tells, and the sealed body for whoever takes the tokens over. */
import { randomUUID } from 'node:crypto';
import type { Seals } from '#src/crypto/index.ts';
import { REFRESH_GRANT } from '#src/oauth/grant-types.ts';
import type { Token, TokenEvent } from '#src/tokens/index.ts';

/** One token response, as it was answered. The values in it are the living ones; where there is none, undefined. */
export interface Issued {
  /** The access token as it is written. */
  readonly made: Token & { readonly accountId: string };
  readonly grantType: string;
  readonly code?: string | undefined;
  readonly accessToken: string;
  readonly refreshToken: string | undefined;
  readonly oldRefreshToken?: string | undefined;
}

/** What the sealed body of a notification is bound to: moved to another event it does not open. */
export const notificationSeal = (uid: string): string => `notification ${uid}`;

/**
 * Sealed whether or not anybody takes notifications: what this instance knows of webhooks is of a moment ago, and another
 * one may have made one since, whose first notification would be lost for good. The database, which cannot be mistaken,
 * drops what nobody hears (`keep_what_is_heard`). A kilobyte is sealed in some 6 µs.
 */
export function tokenIssued({ seals }: { seals: Pick<Seals, 'seal'> }, issued: Issued): TokenEvent {
  const uid = randomUUID();
  const notificationType = issued.grantType === REFRESH_GRANT ? 'refresh' : 'new';
  const body = Buffer.from(JSON.stringify(notificationOf(issued, notificationType)));
  return {
    uid,
    type: 'token.issued',
    clientId: issued.made.clientId,
    accountId: issued.made.accountId,
    data: toldOf(issued, notificationType),
    sealed: seals.seal(body, notificationSeal(uid)).toString('hex'),
  };
}

type NotificationType = 'refresh' | 'new';

/** contract.md, "Token endpoint extras": exactly these, empty where there is none. */
function notificationOf(
  { code, accessToken, refreshToken, oldRefreshToken }: Issued,
  notificationType: NotificationType,
) {
  return {
    auth_code: code ?? '',
    new_oauth_token: accessToken,
    refresh_token: refreshToken ?? '',
    old_refresh_token: oldRefreshToken ?? '',
    notification_type: notificationType,
  };
}

function toldOf({ made, grantType }: Issued, notificationType: NotificationType) {
  const { id, grantId, scope, audience, expiresAt } = made;
  return {
    token_id: id,
    grant_id: grantId,
    grant_type: grantType,
    scope,
    audience,
    expires_at: new Date(expiresAt * 1000).toISOString(),
    notification_type: notificationType,
  };
}
