/**
 * Lookups by key that share statements: all keys asked for in one tick, and all that are asked for while `slots`
 * statements are under way, become one statement with a list. Under load the batches grow by themselves, so a database
 * round trip is paid per batch instead of per request.
 *
 * @param load returns what it found; a key without an entry is answered with undefined
 */
export function batched<Key, Found>(
  load: (keys: Key[]) => Promise<Map<Key, Found>>,
  { slots, most = 256 }: { slots: number; most?: number },
): (key: Key) => Promise<Found | undefined> {
  const waiting: { key: Key; found: (value: Found | undefined) => void; failed: (error: unknown) => void }[] = [];
  let running = 0;
  let scheduled = false;

  function start(): void {
    scheduled = false;
    while (waiting.length > 0 && running < slots) {
      const batch = waiting.splice(0, most);
      running += 1;
      load([...new Set(batch.map(({ key }) => key))])
        .then(
          (result) => {
            for (const { key, found } of batch) found(result.get(key));
          },
          (error: unknown) => {
            for (const { failed } of batch) failed(error);
          },
        )
        .finally(() => {
          running -= 1;
          start();
        });
    }
  }

  return (key) =>
    new Promise((found, failed) => {
      waiting.push({ key, found, failed });
      if (scheduled || running >= slots) return;
      scheduled = true;
      queueMicrotask(start);
    });
}
