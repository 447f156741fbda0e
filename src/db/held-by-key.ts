import type { Database } from './database.ts';

/** What is read by its key once, and kept in memory until any instance changes a table behind it. */
export interface HeldByKey<Found> {
  find(key: string): Promise<Found | undefined>;
  /** Does it, after which nothing that was read before is believed: also when it failed, for it may have been done. */
  write<R>(work: Promise<R>): Promise<R>;
}

interface Options<Found> {
  /** Beyond so many all are forgotten: cheaper than knowing which was used last, and as rare as it is high. */
  readonly most: number;
  /** Milliseconds since 1970 from which on it must be read again though nothing was changed. */
  readonly staleAt: (found: Found) => number;
}

/** Keys that lead nowhere are not kept: whoever makes them up must not fill the memory. */
export function heldByKey<Found>(
  db: Database,
  tables: readonly string[],
  load: (key: string) => Promise<Found | undefined>,
  { most, staleAt }: Options<Found>,
): HeldByKey<Found> {
  let kept = new Map<string, { readonly found: Found; readonly until: number }>();
  const forget = () => {
    kept = new Map();
  };
  for (const table of tables) db.onChange(table, forget);

  return {
    async find(key) {
      const known = kept.get(key);
      if (known && known.until > Date.now()) return known.found;
      // What is read while a change is announced is kept where nobody looks any more.
      const reading = kept;
      const found = await load(key);
      if (found === undefined) return undefined;
      if (reading.size >= most) reading.clear();
      reading.set(key, { found, until: staleAt(found) });
      return found;
    },

    async write(work) {
      try {
        return await work;
      } finally {
        forget();
      }
    },
  };
}
