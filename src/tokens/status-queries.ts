import type { Db } from '#src/db/index.ts';

/** As the sequence status_entries counts (migrations/0002): numbers that one call of `nextval` takes. */
export const BLOCK_SIZE = 512;

/** An expired token is refused without a look at any list, but not before its verifier's clock says so too. */
const EXPIRED_BUT_MAYBE_BELIEVED = '5 minutes';

/** The first of the next `BLOCK_SIZE` numbers, which nobody else is ever given. */
export async function takeBlock(db: Db): Promise<number> {
  const { rows } = await db.query<{ first: string }>(`select nextval('status_entries') as first`);
  return Number(rows[0]?.first);
}

/** The first number of the newest block; undefined before there is one. */
export async function newestBlock(db: Db): Promise<number | undefined> {
  const { rows } = await db.query<{ first: string }>(`select last_value as first from status_entries where is_called`);
  return rows[0] && Number(rows[0].first);
}

/** The indices of this list whose token does not live any more, whatever ended it, but could still be believed. */
export async function endedIndices(db: Db, list: number, acceptPats: boolean): Promise<number[]> {
  const { rows } = await db.query<{ status_index: number }>(
    `select status_index
       from token_states
      where status_list = $1
        and expires_at > now() - $2::interval
        and (lives is not true or (kind = 'pat' and not $3::boolean))`,
    [list, EXPIRED_BUT_MAYBE_BELIEVED, acceptPats],
  );
  return rows.map(({ status_index }) => status_index);
}

/** The sealed permutation key that there is: `sealed` when there was none. */
export async function permutationKey(db: Db, sealed: Buffer): Promise<Buffer> {
  await db.query(`insert into status_permutation (sealed_key) values ($1) on conflict do nothing`, [sealed]);
  const { rows } = await db.query<{ sealed_key: Buffer }>(`select sealed_key from status_permutation`);
  return (rows[0] as { sealed_key: Buffer }).sealed_key;
}

/** Seals it anew, unless somebody has done so meanwhile. */
export async function resealPermutationKey(db: Db, { from, to }: { from: Buffer; to: Buffer }): Promise<void> {
  await db.query(`update status_permutation set sealed_key = $2 where sealed_key = $1`, [from, to]);
}
