import type { Db } from '#src/db/index.ts';

/** By an administrator: replaces the one an administrator made before. @returns undefined when there is no such account */
export async function putReset(db: Db, accountId: string, id: Buffer, seconds: number): Promise<Date | undefined> {
  const { rows } = await db.query<{ expires_at: Date }>(
    `with replaced as (
       delete from password_resets where account_id = $2 and not mailed
     )
     insert into password_resets (id, account_id, mailed, expires_at)
     select $1, id, false, now() + make_interval(secs => $3) from users where id = $2
     returning expires_at`,
    [id, accountId, seconds],
  );
  return rows[0]?.expires_at;
}

/**
 * Asked for by anybody who knows the name, so it takes nothing away from the links there are, and nobody's mailbox is
 * filled: one a minute, five a day. That is kept by counting those that were made; two at the same instant may both pass.
 */
export async function putResetSparingly(db: Db, accountId: string, id: Buffer, seconds: number): Promise<boolean> {
  const { rowCount } = await db.query(
    `insert into password_resets (id, account_id, mailed, expires_at)
     select $1, u.id, true, now() + make_interval(secs => $3)
       from users u
      where u.id = $2
        and not exists (select 1 from password_resets r
                         where r.account_id = u.id and r.mailed and r.created_at > now() - interval '1 minute')
        and (select count(*) from password_resets r
              where r.account_id = u.id and r.mailed and r.created_at > now() - interval '1 day') < 5`,
    [id, accountId, seconds],
  );
  return rowCount > 0;
}

/** @param ids the token's digests under every secret key @returns whose it is, while it lives */
export async function findReset(db: Db, ids: readonly Buffer[]): Promise<string | undefined> {
  const { rows } = await db.query<{ account_id: string }>(
    'select account_id from password_resets where id = any(array(select unnest($1::bytea[]))) and expires_at > now()',
    [ids],
  );
  return rows[0]?.account_id;
}

/** @returns whether it was there: of two at once, only one is told so */
export async function takeReset(db: Db, ids: readonly Buffer[]): Promise<boolean> {
  const { rowCount } = await db.query(
    'delete from password_resets where id = any(array(select unnest($1::bytea[]))) and expires_at > now()',
    [ids],
  );
  return rowCount > 0;
}

export async function removeReset(db: Db, accountId: string): Promise<void> {
  await db.query('delete from password_resets where account_id = $1', [accountId]);
}
