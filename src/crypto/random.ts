import { randomFillSync } from 'node:crypto';

/** Asking the system costs as much for some thousand bytes as for 32. */
const pool = Buffer.allocUnsafeSlow(8_192);
let next = pool.length;

/** Milliseconds since 1970, most significant byte first, as a UUIDv7 begins (RFC 9562 §5.7). */
const TIMESTAMP_BYTES = 6;
/** In base64url. */
const TIMESTAMP_LENGTH = (TIMESTAMP_BYTES * 8) / 6;
const TIME_ORDERED_SECRET_BYTES = 36;
const TIME_ORDERED_ID_BYTES = 18;
const TIME_ORDERED_LENGTHS = [TIME_ORDERED_SECRET_BYTES, TIME_ORDERED_ID_BYTES].map((bytes) => (bytes * 8) / 6);

/** 256 bits in base64url (43 characters): a bearer value, safe in headers, forms and Basic credentials as it is. */
export function randomSecret(): string {
  return take(draw(32), 32);
}

/**
 * 128 bits in base64url (22 characters): names a thing, opens nothing. It does not begin with a dash: people give it to
 * commands, to which that would be an option.
 */
export function randomId(): string {
  const id = take(draw(16), 16);
  return id.startsWith('-') ? randomId() : id;
}

/** Says when it was made (milliseconds since 1970), then 240 random bits: a bearer value of 48 characters. */
export function timeOrderedSecret(at = Date.now()): string {
  return timeOrdered(TIME_ORDERED_SECRET_BYTES, at);
}

/** Says when it was made, then 96 random bits: a name of 24 characters. */
export function timeOrderedId(): string {
  return timeOrdered(TIME_ORDERED_ID_BYTES, Date.now());
}

/**
 * What a time-ordered value begins with, in hex; undefined for others. Anybody can make one up: it says where to look, and
 * no more.
 */
export function timestampOf(value: string): string | undefined {
  if (!TIME_ORDERED_LENGTHS.includes(value.length)) return undefined;
  const timestamp = Buffer.from(value.slice(0, TIMESTAMP_LENGTH), 'base64url');
  return timestamp.length === TIMESTAMP_BYTES ? timestamp.toString('hex') : undefined;
}

function timeOrdered(bytes: number, at: number): string {
  const from = draw(bytes);
  pool.writeUIntBE(at, from, TIMESTAMP_BYTES);
  return take(from, bytes);
}

/** Where in the pool so many random bytes are, which nobody was given. */
function draw(bytes: number): number {
  if (next + bytes > pool.length) {
    randomFillSync(pool);
    next = 0;
  }
  const from = next;
  next += bytes;
  return from;
}

function take(from: number, bytes: number): string {
  const text = pool.toString('base64url', from, from + bytes);
  // Nobody can be given it again, and memory does not keep it.
  pool.fill(0, from, from + bytes);
  return text;
}
