/** Signatures by Standard Webhooks (github.com/standard-webhooks, "Signature scheme"): HMAC-SHA256, secrets as `whsec_…`. */
import { createHmac, createSecretKey, randomBytes } from 'node:crypto';

const PREFIX = 'whsec_';

export const newSigningSecret = (): string => PREFIX + randomBytes(32).toString('base64');

/** @param timestamp of this try, in seconds: a receiver refuses what is old, so that nobody can send it again later */
export function sign(secret: string, id: string, timestamp: number, body: string): string {
  // A key object: given bytes, Node takes five times as long as the HMAC to learn that they are none.
  const key = createSecretKey(secret.slice(PREFIX.length), 'base64');
  return `v1,${createHmac('sha256', key).update(`${id}.${timestamp}.${body}`).digest('base64')}`;
}
