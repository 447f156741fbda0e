import type { Db } from '#src/db/index.ts';

/**
 * When and from where each of these was last used, unless the time is known to the minute; an address that is '' is not
 * known, and leaves the last one that was. What somebody has locked is left for next time. The first use is told: whoever
 * made it may not be who uses it.
 */
export async function writePatUse(
  db: Db,
  ids: readonly string[],
  times: readonly Date[],
  addresses: readonly string[],
): Promise<void> {
  await db.query(
    `with due as materialized (
       select t.id, t.client_id, t.account_id, t.last_used_at
         from tokens t
        where t.id = any ($1::bytea[])
          and t.kind = 'pat'
          and (t.last_used_at is null or t.last_used_at < now() - interval '1 minute')
          for update skip locked
     ), used as (
       select u.id, u.at, u.ip
         from unnest($1::bytea[], $2::timestamptz[], $3::text[]) as u (id, at, ip)
        where u.id in (select id from due)
     ), timed as (
       update tokens t
          set last_used_at = used.at
         from used
        where t.id = used.id
     ), placed as (
       update pats p
          set last_used_ip = used.ip
         from used
        where p.token_id = used.id
          and used.ip <> ''
          and p.last_used_ip is distinct from used.ip
     )
     insert into events (type, client_id, account_id, data)
     select 'pat.first_used', client_id, account_id, jsonb_build_object('token_id', encode(id, 'hex'))
       from due
      where last_used_at is null`,
    [ids.map((id) => Buffer.from(id, 'hex')), times, addresses],
  );
}
