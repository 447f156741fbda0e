import type { Db } from '#src/db/index.ts';

export interface ListedSessionRow {
  uid: string;
  kind: 'browser' | 'api';
  ip: string | null;
  user_agent: string | null;
  signed_in_at: Date;
  /** The same, in microseconds since the epoch. */
  created_us: string;
  last_used_at: Date;
  expires_at: Date;
  acr: string | null;
  amr: string[] | null;
}

/** Two tabs that signed in at once have two rows of one uid: one session. Newest first, those behind `behind`. */
export async function listSessions(
  db: Db,
  accountId: string,
  behind: { readonly createdUs: string; readonly id: string } | undefined,
  limit: number,
): Promise<ListedSessionRow[]> {
  const { rows } = await db.query<ListedSessionRow>(
    `select uid, kind, ip, user_agent, signed_in_at, (extract(epoch from signed_in_at) * 1000000)::bigint::text as created_us,
            last_used_at, expires_at, acr, amr
       from (
         select distinct on (uid) uid, kind, ip, user_agent, to_timestamp((payload ->> 'loginTs')::float8) as signed_in_at,
                last_used_at, expires_at, payload ->> 'acr' as acr, payload -> 'amr' as amr
           from session_states
          where account_id = $1
            and lives
          order by uid, signed_in_at desc, last_used_at desc
       ) s
      where $2::bigint is null
         or (signed_in_at, uid) < (timestamptz 'epoch' + $2::bigint * interval '1 microsecond', $3)
      order by signed_in_at desc, uid desc
      limit $4`,
    [accountId, behind?.createdUs, behind?.id, limit],
  );
  return rows;
}

/** What is on its way in is turned back, too: begun, or finished and not fetched yet. */
export async function voidSignIns(db: Db, accountId: string): Promise<void> {
  await db.query('update users set sign_ins_from = now() where id = $1', [accountId]);
}

/** @returns the uids of what was ended */
export async function endSessions(
  db: Db,
  accountId: string,
  only: string | undefined,
  except: string | undefined,
): Promise<string[]> {
  const { rows } = await db.query<{ uid: string }>(
    `with ended as (
       delete from sessions
        where account_id = $1
          and ($2::text is null or uid = $2)
          and ($3::text is null or uid <> $3)
       returning uid
     ), ended_with_session as (
       update grants
          set revoked_at = now(), signed_out = true
        where session_uid in (select uid from ended)
          and revoked_at is null
       returning id, client_id, account_id
     ), event as (
       insert into events (type, client_id, account_id, data)
       select 'grant.revoked', client_id, account_id, jsonb_build_object('grant_id', id, 'signed_out', true)
         from ended_with_session
     )
     select distinct uid from ended`,
    [accountId, only, except],
  );
  return rows.map(({ uid }) => uid);
}

/** Coarsely: at most once in ten seconds, far below the shortest idle time-out there can be. */
export async function touchSession(db: Db, uid: string): Promise<void> {
  await db.query(
    `update sessions
        set last_used_at = now()
      where uid = $1
        and last_used_at < now() - interval '10 seconds'`,
    [uid],
  );
}

export async function raiseSession(db: Db, uid: string, to: { acr: string; amr: readonly string[] }): Promise<void> {
  await db.query('update sessions set payload = payload || $2::jsonb where uid = $1', [
    uid,
    JSON.stringify({ acr: to.acr, amr: to.amr }),
  ]);
}
