import { createCipheriv, createDecipheriv, createSecretKey, hkdfSync, randomBytes } from 'node:crypto';

const NONCE_BYTES = 12;
const TAG_BYTES = 16;
const PURPOSE = 'mintmark sealed under a bearer value';

/** A key object: `createDigests` says why. */
const keyFrom = (secret: string) => createSecretKey(Buffer.from(hkdfSync('sha256', secret, '', PURPOSE, 32)));

/**
 * Seals `plain` so that only who presents `secret` again, a 256-bit bearer value, can have it opened: the server at rest
 * holds neither the key nor the value. `context` is authenticated. Layout: nonce, tag, ciphertext (AES-256-GCM).
 */
export function sealUnder(secret: string, plain: Buffer, context: string): Buffer {
  const nonce = randomBytes(NONCE_BYTES);
  const cipher = createCipheriv('aes-256-gcm', keyFrom(secret), nonce).setAAD(Buffer.from(context));
  const ciphertext = Buffer.concat([cipher.update(plain), cipher.final()]);
  return Buffer.concat([nonce, cipher.getAuthTag(), ciphertext]);
}

/** Undefined when `secret` or `context` is another one: that is an answer here, not an accident. */
export function openUnder(secret: string, sealed: Buffer, context: string): Buffer | undefined {
  const decipher = createDecipheriv('aes-256-gcm', keyFrom(secret), sealed.subarray(0, NONCE_BYTES), {
    authTagLength: TAG_BYTES,
  })
    .setAAD(Buffer.from(context))
    .setAuthTag(sealed.subarray(NONCE_BYTES, NONCE_BYTES + TAG_BYTES));
  try {
    return Buffer.concat([decipher.update(sealed.subarray(NONCE_BYTES + TAG_BYTES)), decipher.final()]);
  } catch {
    return undefined;
  }
}
