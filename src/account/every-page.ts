const PAGE = 100;

/** All of a list: a person has few of anything, and sees them on one page. */
export async function everyPage<T>(
  list: (page: { after: string; limit: number }) => Promise<{ items: readonly T[]; next: string | undefined }>,
): Promise<T[]> {
  const all: T[] = [];
  for (let after: string | undefined = ''; after !== undefined; ) {
    const { items, next }: Awaited<ReturnType<typeof list>> = await list({ after, limit: PAGE });
    all.push(...items);
    after = next;
  }
  return all;
}
