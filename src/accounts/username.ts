const LONGEST = 128;
/** Control, format (bidirectional overrides, zero-width), unassigned, private-use and surrogate code points. */
const UNSEEN = /[\p{C}\p{Zl}\p{Zp}]/u;
/** Alphabets that share the shapes of most of their letters (UTS #39 §5.1, of what it asks the part that matters most). */
const LOOKALIKE_ALPHABETS = [/\p{Script=Latin}/u, /\p{Script=Greek}/u, /\p{Script=Cyrillic}/u];

export interface Username {
  readonly shown: string;
  /** What makes two usernames one person: Ann and ann, and the full-width Ａｎｎ. */
  readonly key: string;
  /** It may look like somebody else's: the first letter of аnn is Cyrillic. */
  readonly mixesAlphabets: boolean;
}

/** Undefined when it cannot be anybody's username. */
export function parseUsername(text: string): Username | undefined {
  if (text.length > 4 * LONGEST) return undefined;
  const shown = text.normalize('NFKC').trim();
  if (shown.length < 1 || shown.length > LONGEST || UNSEEN.test(shown)) return undefined;
  const mixesAlphabets = LOOKALIKE_ALPHABETS.filter((alphabet) => alphabet.test(shown)).length > 1;
  // Lower-casing can undo the normalisation, and then one name would have two keys.
  return { shown, key: shown.toLowerCase().normalize('NFKC'), mixesAlphabets };
}
