import type { Db } from '#src/db/index.ts';

/**
 * When each of these was last used, unless that is known to the minute. What somebody has locked is left for next time. Of a
 * personal access token the first use is told: whoever made it may not be who uses it.
 */
export async function writeTokenUse(db: Db, ids: readonly string[], times: readonly Date[]): Promise<void> {
  await db.query(
    `with due as materialized (
       select id, kind, client_id, account_id, last_used_at
         from tokens
        where id = any ($1::bytea[])
          and (last_used_at is null or last_used_at < now() - interval '1 minute')
          for update skip locked
     ), noted as (
       update tokens
          set last_used_at = used.at
         from unnest($1::bytea[], $2::timestamptz[]) as used (id, at)
        where tokens.id = used.id
          and tokens.id = any (array(select id from due))
     )
     insert into events (type, client_id, account_id, data)
     select 'pat.first_used', client_id, account_id, jsonb_build_object('token_id', encode(id, 'hex'))
       from due
      where kind = 'pat'
        and last_used_at is null`,
    [ids.map((id) => Buffer.from(id, 'hex')), times],
  );
}
