/**
 * Primitives every room uses: random bearer values, keyed digests, sealing at rest, password hashing. No I/O, no policy.
 *
 * Nothing here is home-made: HMAC-SHA256, AES-256-GCM and HKDF come from node:crypto, Argon2id from the argon2 package; what
 * is imported is checked by those and bcrypt.
 */
export { cookieKeys } from './cookie-keys.ts';
export { createDigests, type Digests } from './digest.ts';
export { createPasswordHasher, type PasswordHasher, PasswordQueueFull, type Verify } from './password.ts';
export { randomId, randomSecret, timeOrderedId, timeOrderedSecret, timestampOf } from './random.ts';
export { createSeals, SealedUnderAnotherKey, type Seals } from './seal.ts';
export { openUnder, sealUnder } from './seal-under.ts';
export { isUsableHash, USABLE_HASHES } from './usable-hashes.ts';
