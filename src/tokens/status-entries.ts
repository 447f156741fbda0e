import type { Database } from '#src/db/index.ts';
import type { StatusEntry } from './records.ts';
import { LIST_SIZE, permutationOf } from './status-permutation.ts';
import { BLOCK_SIZE, takeBlock } from './status-queries.ts';

/** Fewer numbers left than this: fetch the next block while there is time. Half a block outlasts a round trip. */
const LOW = BLOCK_SIZE / 2;

/**
 * Gives out status entries, each once, among all instances and across restarts. Numbers come from a database sequence in
 * blocks, fetched ahead, so issuing waits for the database only for the first token. What a stopped instance had left of
 * its block is lost, which costs a few unused bits.
 */
export function createStatusEntries(db: Database, key: Buffer): () => Promise<StatusEntry> {
  const blocks: { next: number; readonly end: number }[] = [];
  let fetching: Promise<void> | undefined;
  let permutation = { list: -1, indexOf: (position: number) => position };

  function fetchBlock(): Promise<void> {
    fetching ??= takeBlock(db)
      .then((first) => void blocks.push({ next: first, end: first + BLOCK_SIZE }))
      .finally(() => {
        fetching = undefined;
      });
    return fetching;
  }

  function takeNumber(): number | undefined {
    const [block] = blocks;
    if (!block) return undefined;
    const number = block.next;
    block.next += 1;
    if (block.next === block.end) blocks.shift();
    // Whoever finds none left asks again, and is told what is wrong.
    if (blocks.length <= 1 && left() < LOW) fetchBlock().catch(() => {});
    return number;
  }

  const left = () => blocks.reduce((sum, { next, end }) => sum + end - next, 0);

  return async () => {
    for (let number = takeNumber(); ; number = takeNumber()) {
      if (number === undefined) {
        await fetchBlock();
        continue;
      }
      const list = Math.floor(number / LIST_SIZE);
      if (permutation.list !== list) permutation = { list, indexOf: permutationOf(key, list) };
      return { list, index: permutation.indexOf(number % LIST_SIZE) };
    }
  };
}
