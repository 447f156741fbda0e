import { hkdfSync } from 'node:crypto';

/** Keys that sign cookies, one per secret key in the same order: the first signs, all verify. */
export function cookieKeys(keys: readonly Buffer[]): string[] {
  return keys.map((key) => Buffer.from(hkdfSync('sha256', key, '', 'mintmark cookie', 32)).toString('base64url'));
}
