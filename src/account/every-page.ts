const LIMIT = 100;

interface Listing<T> {
  readonly items: readonly T[];
  readonly next: string | undefined;
}

/** All of a list that comes page by page: what belongs to one person is shown on one of ours. */
export async function everyPage<T>(
  list: (page: { after: string; limit: number }) => Promise<Listing<T>>,
): Promise<T[]> {
  const all: T[] = [];
  for (let after: string | undefined = ''; after !== undefined; ) {
    const page: Listing<T> = await list({ after, limit: LIMIT });
    all.push(...page.items);
    after = page.next;
  }
  return all;
}
