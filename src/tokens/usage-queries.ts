import type { Db } from '#src/db/index.ts';

/** When each of these was last used, unless that is known to the minute. What somebody has locked is left for next time. */
export async function writeTokenUse(db: Db, ids: readonly string[], times: readonly Date[]): Promise<void> {
  await db.query(
    `update tokens
        set last_used_at = used.at
       from unnest($1::bytea[], $2::timestamptz[]) as used (id, at)
      where tokens.id = used.id
        and tokens.id = any (array(
              select id
                from tokens
               where id = any ($1::bytea[])
                 and (last_used_at is null or last_used_at < now() - interval '1 minute')
                 for update skip locked))`,
    [ids.map((id) => Buffer.from(id, 'hex')), times],
  );
}
