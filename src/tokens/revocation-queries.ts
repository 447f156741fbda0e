/**
 * Ending tokens and grants by name. Each is one statement: what happened is written with what made it happen. What they
 * answer is counted where it happened, and not in `events`, which keeps no row that nobody hears.
 */
import type { Db } from '#src/db/index.ts';

const LIVE = 'lives and consumed_at is null and expires_at > now()';

/** @returns whether it lived until now */
export async function endToken(db: Db, id: Buffer, by: string): Promise<boolean> {
  const { rowCount } = await db.query(
    `with found as materialized (
       select id, ${LIVE} as lived from token_states where id = $1
     ), ended as (
       update tokens t
          set revoked_at = now()
         from found f
        where t.id = f.id
          and t.revoked_at is null
          -- A personal access token that a policy forbids today would come back with the policy. One that was replaced is
          -- over, and must go on to give its theft away.
          and (f.lived
               or (t.kind = 'pat'
                   and not exists (select 1 from pats p where p.token_id = t.id and p.stands_until <= now())))
       returning t.id, t.kind, t.client_id, t.account_id, t.grant_id, f.lived
     ), event as (
       insert into events (type, client_id, account_id, data)
       select case kind when 'pat' then 'pat.revoked' else 'token.revoked' end, client_id, account_id,
              jsonb_build_object('token_id', encode(id, 'hex'), 'kind', kind, 'grant_id', grant_id, 'by', $2::text)
         from ended
        where lived
     )
     select id from ended where lived`,
    [id, by],
  );
  return rowCount > 0;
}

/**
 * Ends a grant and so everything issued under it. Whoever is just issuing under it has locked its row: we wait, and
 * what they issued is ended too.
 *
 * @returns how many tokens lived until now; undefined when there is no such living grant of this account
 */
export async function endGrant(db: Db, grantId: string, by: string): Promise<number | undefined> {
  const { rows } = await db.query<{ revoked: number }>(
    `with counted as materialized (
       select count(*)::int as revoked
         from token_states
        where account_id = (select account_id from grants where id = $1)
          and grant_id = $1
          and kind <> 'pushed_authorization_request'
          and ${LIVE}
     ), ended as (
       update grants
          set revoked_at = now()
        where id = $1
          and revoked_at is null
       returning id, client_id, account_id
     ), event as (
       insert into events (type, client_id, account_id, data)
       select 'grant.revoked', client_id, account_id, jsonb_build_object('grant_id', id, 'by', $2::text)
         from ended
     )
     select counted.revoked
       from ended, counted`,
    [grantId, by],
  );
  return rows[0]?.revoked;
}

/** Ends the account's grants, all or the one named; what signing out left agreed to is agreed to no longer. @returns how many */
export async function endGrantsOf(db: Db, accountId: string, grantId: string | undefined, by: string): Promise<number> {
  const { rowCount } = await db.query(
    `with ended as (
       update grants
          set revoked_at = coalesce(revoked_at, now()), signed_out = false
        where account_id = $1
          and ($2::text is null or id = $2)
          and (revoked_at is null or signed_out)
       returning id, client_id, account_id
     ), event as (
       insert into events (type, client_id, account_id, data)
       select 'grant.revoked', client_id, account_id, jsonb_build_object('grant_id', id, 'by', $3::text)
         from ended
     )
     select id from ended`,
    [accountId, grantId, by],
  );
  return rowCount;
}
