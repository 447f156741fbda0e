import type { Db } from '#src/db/index.ts';

export interface ListedSessionRow {
  uid: string;
  kind: 'browser' | 'api';
  ip: string | null;
  user_agent: string | null;
  signed_in_at: Date;
  last_used_at: Date;
  expires_at: Date;
  acr: string | null;
  amr: string[] | null;
}

/** Two tabs that signed in at once have two rows of one uid: one session. */
export async function listSessions(db: Db, accountId: string): Promise<ListedSessionRow[]> {
  const { rows } = await db.query<ListedSessionRow>(
    `select uid, kind, ip, user_agent, signed_in_at, last_used_at, expires_at, acr, amr
       from (
         select distinct on (uid) uid, kind, ip, user_agent, to_timestamp((payload ->> 'loginTs')::float8) as signed_in_at,
                last_used_at, expires_at, payload ->> 'acr' as acr, payload -> 'amr' as amr
           from session_states
          where account_id = $1
            and lives
          order by uid, last_used_at desc
       ) s
      order by last_used_at desc, uid`,
    [accountId],
  );
  return rows;
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
