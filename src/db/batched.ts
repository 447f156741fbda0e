import { Unavailable } from './errors.ts';

interface Waiting<Key, Found> {
  readonly key: Key;
  readonly found: (value: Found | undefined) => void;
  readonly failed: (error: unknown) => void;
}

/**
 * Statements shared by requests: all keys asked for in one turn of the event loop, and all that are asked for while `slots`
 * statements are under way, become one statement with a list. Under load the batches grow by themselves, so a database
 * round trip, or a flush to disk, is paid per batch instead of per request.
 *
 * @param load returns what it found; a key without an entry is answered with undefined. For a write the key is what is written
 */
export function batched<Key, Found>(
  load: (keys: Key[]) => Promise<Map<Key, Found>>,
  { slots, most = 256 }: { slots: number; most?: number },
): (key: Key) => Promise<Found | undefined> {
  const waiting: Waiting<Key, Found>[] = [];
  let running = 0;
  let scheduled = false;

  function start(): void {
    scheduled = false;
    while (waiting.length > 0 && running < slots) {
      running += 1;
      void answer(waiting.splice(0, most)).finally(() => {
        running -= 1;
        start();
      });
    }
  }

  async function answer(batch: Waiting<Key, Found>[]): Promise<void> {
    try {
      const result = await load([...new Set(batch.map(({ key }) => key))]);
      for (const { key, found } of batch) found(result.get(key));
    } catch (error) {
      // One key that cannot be asked for must not take its neighbours with it: alone, each gets its own answer.
      if (batch.length === 1 || error instanceof Unavailable) {
        for (const { failed } of batch) failed(error);
      } else {
        for (const one of batch) await answer([one]);
      }
    }
  }

  return (key) =>
    new Promise((found, failed) => {
      waiting.push({ key, found, failed });
      if (scheduled || running >= slots) return;
      scheduled = true;
      // Not sooner: the requests that arrived together are read one after the other.
      setImmediate(start);
    });
}
