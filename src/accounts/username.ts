const LONGEST = 128;
/** Control, format (bidirectional overrides, zero-width), unassigned, private-use and surrogate code points. */
const UNSEEN = /[\p{C}\p{Zl}\p{Zp}]/u;

export interface Username {
  readonly shown: string;
  /** What makes two usernames one person: Ann and ann, and the full-width Ａｎｎ. */
  readonly key: string;
}

/** Undefined when it cannot be anybody's username. */
export function parseUsername(text: string): Username | undefined {
  const shown = text.normalize('NFKC').trim();
  if (shown.length < 1 || shown.length > LONGEST || UNSEEN.test(shown)) return undefined;
  // Lower-casing can undo the normalisation, and then one name would have two keys.
  return { shown, key: shown.toLowerCase().normalize('NFKC') };
}
