/**
 * When things were last used, coarsely and for free: uses are noted in memory and written together, in the background.
 * No request waits for it, and a token that is used a thousand times a second costs one row version a minute. What a crash
 * loses is a few seconds of notes.
 */
export interface Usage {
  /** @param detail what else is to be written of this use */
  note(id: string, detail?: string): void;
  /** Writes what is noted and ends. */
  close(): Promise<void>;
}

const ONCE_IN_MS = 60_000;
/** How far behind what is shown may be, beside the minute. */
const WRITE_EVERY_MS = 2_000;
/** Rows of one statement: it holds their locks for some milliseconds. */
const BATCH = 500;
/** More different ones than this within a minute, and the rest of them is not noted: memory matters more. */
const MOST = 200_000;

interface Use {
  readonly time: number;
  readonly detail: string;
}

export function createUsage(write: (ids: string[], times: Date[], details: string[]) => Promise<void>): Usage {
  let pending = new Map<string, Use>();
  /** Noted within the minute, oldest first. */
  const lately = new Map<string, number>();
  let writing: Promise<void> = Promise.resolve();

  function forgetOld(): void {
    const old = Date.now() - ONCE_IN_MS;
    for (const [id, time] of lately) {
      if (time > old) return;
      lately.delete(id);
    }
  }

  async function writeAll(uses: [id: string, use: Use][]): Promise<void> {
    for (let at = 0; at < uses.length; at += BATCH) {
      const batch = uses.slice(at, at + BATCH);
      // Not worth an answer, a second try or a line in the log: the next use will be noted again.
      await write(
        batch.map(([id]) => id),
        batch.map(([, { time }]) => new Date(time)),
        batch.map(([, { detail }]) => detail),
      ).catch(() => {});
    }
  }

  function flush(): Promise<void> {
    forgetOld();
    const noted = [...pending];
    pending = new Map();
    writing = writing.then(() => writeAll(noted));
    return writing;
  }

  const timer = setInterval(() => void flush(), WRITE_EVERY_MS);
  timer.unref();

  return {
    note(id, detail = '') {
      if (lately.has(id) || lately.size >= MOST) return;
      const now = Date.now();
      lately.set(id, now);
      pending.set(id, { time: now, detail });
    },
    close() {
      clearInterval(timer);
      return flush();
    },
  };
}
