import type { Db } from '#src/db/index.ts';

/** Since when tokens say when they were made, in seconds since the epoch. */
export async function timeOrderedSince(db: Db): Promise<number> {
  const { rows } = await db.query<{ since: number }>(
    `select date_part('epoch', since) as since
       from time_ordered_tokens`,
  );
  const [only] = rows;
  if (!only) throw new Error('the table time_ordered_tokens has lost its row');
  return only.since;
}
