import type { Database } from './database.ts';

/** What is read once and kept in memory until any instance changes the table behind it. */
export interface Held<T> {
  present(): Promise<T>;
  /** Does it, after which nothing that was read before is believed: also when it failed, for it may have been done. */
  write<R>(work: Promise<R>): Promise<R>;
  forget(): void;
}

export function held<T>(db: Database, table: string, load: (db: Database) => Promise<T>): Held<T> {
  let kept: Promise<T> | undefined;
  const forget = () => {
    kept = undefined;
  };
  db.onChange(table, forget);

  return {
    forget,

    present() {
      if (kept) return kept;
      const loading = load(db);
      // A failed read is for those who asked now; the next one tries again.
      loading.catch(() => {
        if (kept === loading) forget();
      });
      kept = loading;
      return loading;
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
