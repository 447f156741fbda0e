/** Taking them back. Each is one statement: what happened is written with what made it happen. */
import type { Db } from '#src/db/index.ts';

export interface EndedRow {
  id: Buffer;
  account_id: string;
}

/**
 * Also ends one that does not live at this moment, because a policy or a setting says so: it would come back with them.
 *
 * @param which a condition on the token `t`, of parameters from `$2` on
 */
const ending = (which: string) => `
  with found as materialized (
    select t.id, s.lives
      from tokens t
      join token_states s on s.id = t.id
     where t.kind = 'pat'
       and ${which}
       and t.revoked_at is null
       and t.expires_at > now()
       -- One that was replaced is over, and whoever uses it gives its theft away: that must stay so.
       and not exists (select 1 from pats p where p.token_id = t.id and p.stands_until <= now())
  ), ended as (
    update tokens t
       set revoked_at = now()
      from found f
     where t.id = f.id
       and t.revoked_at is null
    returning t.id, t.client_id, t.account_id, f.lives
  ), event as (
    insert into events (type, client_id, account_id, data)
    select 'pat.revoked', client_id, account_id, jsonb_build_object('token_id', encode(id, 'hex'), 'by', $1::text)
      from ended
     where lives
  )
  select id, account_id from ended where lives`;

/** @param accountId undefined: whoever's @returns those that lived until now */
export async function endPats(
  db: Db,
  ids: readonly Buffer[],
  accountId: string | undefined,
  by: string,
): Promise<EndedRow[]> {
  const { rows } = await db.query<EndedRow>(
    ending('t.id = any ($2::bytea[]) and ($3::uuid is null or t.account_id = $3)'),
    [by, ids, accountId],
  );
  return rows;
}

/** Call it with their owner locked: a successor that is just being written is seen then. @returns how many lived until now */
export async function endPatsOf(db: Db, accountId: string, by: string): Promise<number> {
  const { rowCount } = await db.query(ending('t.account_id = $2'), [by, accountId]);
  return rowCount;
}

/**
 * Ends all that came of one token, the one that was presented among them. With their owner locked, as above.
 *
 * @returns whether this was the first to find out
 */
export async function endFamily(db: Db, presented: Buffer, by: string, ip: string | undefined): Promise<boolean> {
  const { rows } = await db.query<{ first: boolean }>(
    `with members as materialized (
       select p.token_id as id, p.family, s.lives
         from pats p
         join token_states s on s.id = p.token_id
        where p.family = (select family from pats where token_id = $1)
     ), ended as (
       update tokens t
          set revoked_at = now()
         from members m
        where t.id = m.id
          and t.revoked_at is null
          and t.expires_at > now()
       returning t.id, t.client_id, t.account_id, m.family, m.lives
     ), event as (
       insert into events (type, client_id, account_id, data)
       select 'pat.revoked', client_id, account_id, jsonb_build_object('token_id', encode(id, 'hex'), 'by', $2::text)
         from ended
        where lives
       union all
       select 'pat.reuse_detected', client_id, account_id,
              jsonb_build_object('token_id', encode(id, 'hex'), 'family', encode(family, 'hex'), 'ip', $3::text)
         from ended
        where id = $1
     )
     select coalesce(bool_or(id = $1), false) as first from ended`,
    [presented, by, ip],
  );
  return rows[0]?.first ?? false;
}
