import { randomFillSync } from 'node:crypto';

/** Asking the system costs as much for some thousand bytes as for 32. */
const pool = Buffer.allocUnsafeSlow(8_192);
let next = pool.length;

/** 256 bits in base64url (43 characters): a bearer value, safe in headers, forms and Basic credentials as it is. */
export function randomSecret(): string {
  return random(32);
}

/**
 * 128 bits in base64url (22 characters): names a thing, opens nothing. It does not begin with a dash: people give it to
 * commands, to which that would be an option.
 */
export function randomId(): string {
  const id = random(16);
  return id.startsWith('-') ? randomId() : id;
}

function random(bytes: number): string {
  if (next + bytes > pool.length) {
    randomFillSync(pool);
    next = 0;
  }
  const from = next;
  next += bytes;
  const text = pool.toString('base64url', from, next);
  // Nobody can be given it again, and memory does not keep it.
  pool.fill(0, from, next);
  return text;
}
