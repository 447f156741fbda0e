/** NIST SP 800-63B asks for 64 characters at least; an end there must be, or the hash queue is a way to keep us busy. */
export const LONGEST_BYTES = 1024;
/** Longer than what normalisation could shrink to that: not even normalised. */
const LONGEST_TYPED = 4 * LONGEST_BYTES;

/**
 * One text for one password, however the keyboard composed it (RFC 8265 §4.2.2). Undefined when it cannot be anybody's:
 * it is never cut to fit, because then its end would not matter.
 */
export function normalisePassword(password: string): string | undefined {
  if (password.length > LONGEST_TYPED || !isText(password)) return undefined;
  const text = password.normalize('NFC');
  return Buffer.byteLength(text) <= LONGEST_BYTES ? text : undefined;
}

/** C libraries end a text at NUL: what comes after it would not matter either. */
export function isText(password: string): boolean {
  return password.isWellFormed() && !password.includes('\0');
}

/** What is tried: its normal form, and as it was typed, for a hash that another system made of just that. */
export function spellingsOf(password: string): string[] {
  const text = normalisePassword(password);
  return text === undefined ? [] : [...new Set([text, password])];
}
