import { createCipheriv, createDecipheriv, createHash, createSecretKey, hkdfSync, randomBytes } from 'node:crypto';

/** What was sealed cannot be opened: its key is not among MINTMARK_SECRET_KEYS any more, or never was. */
export class SealedUnderAnotherKey extends Error {
  constructor(context: string) {
    super(`cannot open ${context}`);
  }
}

/** Sealing at rest for what must be read again: signing keys now; TOTP seeds and webhook secrets use the same box. */
export interface Seals {
  /** AES-256-GCM under the first key. `context` (the row's identity) is authenticated: a sealed value cannot be moved. */
  seal(plain: Buffer, context: string): Buffer;
  /** @throws {SealedUnderAnotherKey} @throws {Error} when the value was changed or moved */
  open(sealed: Buffer, context: string): Buffer;
  /** Whether it was sealed under the first key; what was not should be sealed anew before its key is given up. */
  isNewest(sealed: Buffer): boolean;
}

const KEY_ID_BYTES = 4;
const NONCE_BYTES = 12;
const TAG_BYTES = 16;

/** @param keys 32-byte keys, newest first (MINTMARK_SECRET_KEYS). Layout of a sealed value: key id, nonce, tag, ciphertext. */
export function createSeals(keys: readonly Buffer[]): Seals {
  const boxes = keys.map((key) => ({
    id: createHash('sha256').update('mintmark seal key id').update(key).digest().subarray(0, KEY_ID_BYTES),
    // As a key object: `createDigests` says why.
    key: createSecretKey(Buffer.from(hkdfSync('sha256', key, '', 'mintmark seal', 32))),
  }));
  const [newest] = boxes;
  if (!newest) throw new TypeError('at least one secret key is needed');

  return {
    isNewest: (sealed) => newest.id.equals(sealed.subarray(0, KEY_ID_BYTES)),

    seal(plain, context) {
      const nonce = randomBytes(NONCE_BYTES);
      const cipher = createCipheriv('aes-256-gcm', newest.key, nonce).setAAD(Buffer.from(context));
      const ciphertext = Buffer.concat([cipher.update(plain), cipher.final()]);
      return Buffer.concat([newest.id, nonce, cipher.getAuthTag(), ciphertext]);
    },

    open(sealed, context) {
      const box = boxes.find(({ id }) => id.equals(sealed.subarray(0, KEY_ID_BYTES)));
      if (!box) throw new SealedUnderAnotherKey(context);
      const nonceEnd = KEY_ID_BYTES + NONCE_BYTES;
      const nonce = sealed.subarray(KEY_ID_BYTES, nonceEnd);
      // Without the length a tag that was cut short would be compared as far as it goes: a byte of it is soon guessed.
      const decipher = createDecipheriv('aes-256-gcm', box.key, nonce, { authTagLength: TAG_BYTES })
        .setAAD(Buffer.from(context))
        .setAuthTag(sealed.subarray(nonceEnd, nonceEnd + TAG_BYTES));
      return Buffer.concat([decipher.update(sealed.subarray(nonceEnd + TAG_BYTES)), decipher.final()]);
    },
  };
}
