import type { Db } from '#src/db/index.ts';

/** @param ids the cookie's digests under every secret key */
export async function findDevice(db: Db, accountId: string, ids: readonly Buffer[]): Promise<Buffer | undefined> {
  const { rows } = await db.query<{ id: Buffer }>(
    `select id
       from devices
      where account_id = $1
        and id = any(array(select unnest($2::bytea[])))
        and last_used_at > now() - interval '1 year'
      order by last_used_at desc
      limit 1`,
    [accountId, ids],
  );
  return rows[0]?.id;
}

/** Nothing when the account has been deleted meanwhile. */
export async function putDevice(db: Db, accountId: string, id: Buffer): Promise<void> {
  await db.query(
    `insert into devices (id, account_id)
     select $1, id from users where id = $2
     on conflict (id, account_id) do update set last_used_at = now()`,
    [id, accountId],
  );
}
