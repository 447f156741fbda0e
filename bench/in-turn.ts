/** Calls of the API at once: with more, a busy machine's server answers 503 before it gets to the last. */
const CALLS = 16;

/** Works on all items, a few at a time. @returns the results in the order of the items */
export async function inTurn<Item, Result>(
  items: readonly Item[],
  work: (item: Item) => Promise<Result>,
): Promise<Result[]> {
  const results: Result[] = [];
  const left = items.entries();
  const worker = async () => {
    for (const [i, item] of left) results[i] = await work(item);
  };
  await Promise.all(Array.from({ length: CALLS }, worker));
  return results;
}
