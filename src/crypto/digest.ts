import { createHmac, createSecretKey, hkdfSync, type KeyObject, timingSafeEqual } from 'node:crypto';

/**
 * Keyed digests of bearer values. The database holds only these, under a key that is not in the database: a stolen dump
 * neither contains a token nor lets one be guessed offline.
 */
export interface Digests {
  /** HMAC-SHA256 under the first key: what is written. `purpose` separates uses, so a code is never a valid session id. */
  of(purpose: string, value: string): Buffer;
  /** The digests under every key, first one first: what is looked for, so that values outlive a key change. */
  allOf(purpose: string, value: string): Buffer[];
  /** Constant-time: is `digest` one of `value`'s digests? Tries every key without early exit. */
  matches(purpose: string, value: string, digest: Buffer): boolean;
}

/** @param keys 32-byte keys, newest first (MINTMARK_SECRET_KEYS) */
export function createDigests(keys: readonly Buffer[]): Digests {
  // As key objects: given bytes, Node first throws and catches two exceptions to learn that they are no KeyObject, which takes
  // five times as long as the HMAC itself.
  const macKeys = keys.map((key) => createSecretKey(Buffer.from(hkdfSync('sha256', key, '', 'mintmark digest', 32))));
  const [newest] = macKeys;
  if (!newest) throw new TypeError('at least one secret key is needed');
  const mac = (key: KeyObject, purpose: string, value: string) =>
    createHmac('sha256', key).update(`${purpose}\0${value}`).digest();

  return {
    of: (purpose, value) => mac(newest, purpose, value),
    allOf: (purpose, value) => macKeys.map((key) => mac(key, purpose, value)),
    matches: (purpose, value, digest) =>
      macKeys.map((key) => mac(key, purpose, value)).reduce((found, own) => equal(own, digest) || found, false),
  };
}

function equal(a: Buffer, b: Buffer): boolean {
  return a.length === b.length && timingSafeEqual(a, b);
}
