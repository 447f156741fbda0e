import { randomUUID } from 'node:crypto';
import type { Seals } from '#src/crypto/index.ts';
import { notificationSeal } from './token-issued.ts';
import type { Format } from './webhook.ts';

/** Shaped as the real ones, and good for nothing. */
const NOTIFICATION = {
  auth_code: 'sample-authorization-code',
  new_oauth_token: 'sample-access-token',
  refresh_token: 'sample-refresh-token',
  old_refresh_token: '',
  notification_type: 'new',
} as const;

/** What a test sends. */
export function sampleOf(format: Format, webhookId: string, seals: Pick<Seals, 'seal'>) {
  const uid = randomUUID();
  const body = format === 'notification' ? Buffer.from(JSON.stringify(NOTIFICATION)) : undefined;
  return {
    uid,
    data: { webhook_id: webhookId, sample: true },
    sealed: body && seals.seal(body, notificationSeal(uid)),
  };
}
