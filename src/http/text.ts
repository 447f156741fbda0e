/** Text from outside, held against what Postgres can store and what Unicode allows. */

/** Neither NUL nor half a surrogate pair can be stored as text or jsonb. */
export function isStorable(text: string): boolean {
  return !text.includes('\0') && text.isWellFormed();
}

/** Undoes percent-encoding; undefined when it is broken, not UTF-8, or decodes to what cannot be stored. */
export function decodeStrictly(encoded: string): string | undefined {
  try {
    const text = decodeURIComponent(encoded);
    return isStorable(text) ? text : undefined;
  } catch {
    return undefined;
  }
}

/** Pairs of `application/x-www-form-urlencoded` text, decoded strictly; an undefined half could not be decoded. */
export function* decodePairs(encoded: string): Generator<[name: string | undefined, value: string | undefined]> {
  for (const pair of encoded.split('&')) {
    if (pair === '') continue;
    const [name = '', ...rest] = pair.replaceAll('+', ' ').split('=');
    yield [decodeStrictly(name), decodeStrictly(rest.join('='))];
  }
}
