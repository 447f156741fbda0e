/** As long as the shortest that is searched for may be. */
export const SHORTEST = 8;

const HASH_BITS = 20;

/**
 * Which of these strings are in `text`, in one pass over it: a test that was handed thousands of tokens would else read its
 * database's dump tens of thousands of times.
 *
 * @throws when one of them is shorter than `SHORTEST`
 */
export function occurring(wanted: Iterable<string>, text: string): Set<string> {
  const byBeginning = new Map<string, string[]>();
  const begun = new Uint8Array(1 << HASH_BITS);
  for (const one of new Set(wanted)) {
    if (one.length < SHORTEST) throw new Error(`too short to be searched for: ${one.length} characters`);
    const beginning = one.slice(0, SHORTEST);
    byBeginning.set(beginning, [...(byBeginning.get(beginning) ?? []), one]);
    begun[hashAt(beginning, 0)] = 1;
  }

  const found = new Set<string>();
  for (let at = 0; at <= text.length - SHORTEST; at += 1) {
    // Nearly every place is passed over by this line alone.
    if (begun[hashAt(text, at)] === 0) continue;
    for (const one of byBeginning.get(text.slice(at, at + SHORTEST)) ?? [])
      if (text.startsWith(one, at)) found.add(one);
  }
  return found;
}

/** Of the four characters there, whatever they are. */
function hashAt(text: string, at: number): number {
  const four =
    text.charCodeAt(at) ^
    (text.charCodeAt(at + 1) << 5) ^
    (text.charCodeAt(at + 2) << 10) ^
    (text.charCodeAt(at + 3) << 15);
  return four & ((1 << HASH_BITS) - 1);
}
