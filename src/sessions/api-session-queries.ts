import type { Db } from '#src/db/index.ts';
import type { Proof } from '#src/oauth/acr.ts';
import { STANDS } from './queries.ts';

export interface NewApiSession {
  readonly id: Buffer;
  readonly uid: string;
  readonly payload: object;
  readonly lifetime: number;
  readonly ip: string | undefined;
  readonly userAgent: string | undefined;
}

/** The sign-in becomes a session: both or neither, and for one of however many ask. */
export async function turnIntoSession(
  db: Db,
  ids: readonly Buffer[],
  { accountId, proofs }: { accountId: string; proofs: readonly Proof[] },
  session: NewApiSession,
): Promise<Date | undefined> {
  const { rows } = await db.query<{ expires_at: Date }>(
    `with done as (
       delete from sign_ins
        where id = any(array(select unnest($1::bytea[])))
          and account_id = $2
          and proofs @> $3
          and ${STANDS}
       returning account_id, authenticated_at
     )
     insert into sessions (id, uid, kind, account_id, payload, expires_at, ip, user_agent)
     select $4, $5, 'api', account_id, $6, authenticated_at + make_interval(secs => $7), $8, $9
       from done
     returning expires_at`,
    [
      ids,
      accountId,
      proofs,
      session.id,
      session.uid,
      JSON.stringify(session.payload),
      session.lifetime,
      session.ip,
      session.userAgent,
    ],
  );
  return rows[0]?.expires_at;
}

export interface ApiSessionRow {
  uid: string;
  account_id: string;
  payload: { loginTs: number; amr: string[]; acr: string };
  expires_at: Date;
}

/** Finds a living session and notes its use: coarsely, far below the shortest idle time-out there can be. */
export async function useApiSession(db: Db, ids: readonly Buffer[]): Promise<ApiSessionRow | undefined> {
  const { rows } = await db.query<ApiSessionRow>(
    `with used as (
       update sessions
          set last_used_at = now()
        where id in (select id from session_states where id = any(array(select unnest($1::bytea[]))) and kind = 'api' and lives)
          and last_used_at < now() - interval '10 seconds'
     )
     select uid, account_id, payload, expires_at
       from session_states
      where id = any(array(select unnest($1::bytea[])))
        and kind = 'api'
        and lives`,
    [ids],
  );
  return rows[0];
}

export async function endApiSession(db: Db, ids: readonly Buffer[]): Promise<boolean> {
  const { rowCount } = await db.query(
    `delete from sessions where id = any(array(select unnest($1::bytea[]))) and kind = 'api'`,
    [ids],
  );
  return rowCount > 0;
}
