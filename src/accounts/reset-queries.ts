import type { Db } from '#src/db/index.ts';

/** Replaces the one there was. @returns undefined when there is no such account */
export async function putReset(db: Db, accountId: string, id: Buffer, seconds: number): Promise<Date | undefined> {
  const { rows } = await db.query<{ expires_at: Date }>(
    `insert into password_resets (id, account_id, expires_at)
     select $1, id, now() + make_interval(secs => $3) from users where id = $2
     on conflict (account_id) do update
        set id = excluded.id, created_at = now(), expires_at = excluded.expires_at
     returning expires_at`,
    [id, accountId, seconds],
  );
  return rows[0]?.expires_at;
}

/** The same, unless one was made within the last minute. */
export async function putResetSparingly(db: Db, accountId: string, id: Buffer, seconds: number): Promise<boolean> {
  const { rowCount } = await db.query(
    `insert into password_resets as r (id, account_id, expires_at)
     select $1, id, now() + make_interval(secs => $3) from users where id = $2
     on conflict (account_id) do update
        set id = excluded.id, created_at = now(), expires_at = excluded.expires_at
      where r.created_at < now() - interval '1 minute'`,
    [id, accountId, seconds],
  );
  return rowCount > 0;
}

/** @param ids the token's digests under every secret key @returns whose it is, while it lives */
export async function findReset(db: Db, ids: readonly Buffer[]): Promise<string | undefined> {
  const { rows } = await db.query<{ account_id: string }>(
    'select account_id from password_resets where id = any($1) and expires_at > now()',
    [ids],
  );
  return rows[0]?.account_id;
}

/** @returns whether it was there: of two at once, only one is told so */
export async function takeReset(db: Db, ids: readonly Buffer[]): Promise<boolean> {
  const { rowCount } = await db.query('delete from password_resets where id = any($1) and expires_at > now()', [ids]);
  return rowCount > 0;
}

export async function removeReset(db: Db, accountId: string): Promise<void> {
  await db.query('delete from password_resets where account_id = $1', [accountId]);
}
