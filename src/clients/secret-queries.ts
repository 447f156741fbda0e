import type { Db } from '#src/db/index.ts';

export interface SecretRow {
  id: string;
  created_at: Date;
  expires_at: Date | null;
  last_used_at: Date | null;
}

/** Whoever changes a client's secrets holds its row: two rotations at once would leave three of them. */
export async function lockClient(db: Db, clientId: string): Promise<boolean> {
  const { rowCount } = await db.query('select from clients where client_id = $1 for update', [clientId]);
  return rowCount > 0;
}

/** The secrets that work now, newest first. */
export async function listSecrets(db: Db, clientId: string): Promise<SecretRow[]> {
  const { rows } = await db.query<SecretRow>(
    `select id, created_at, expires_at, last_used_at
       from client_secrets
      where client_id = $1 and (expires_at is null or expires_at > now())
      order by created_at desc, id`,
    [clientId],
  );
  return rows;
}

export async function liveDigests(db: Db, clientId: string): Promise<Buffer[]> {
  const { rows } = await db.query<{ digest: Buffer }>(
    `select digest from client_secrets where client_id = $1 and (expires_at is null or expires_at > now())`,
    [clientId],
  );
  return rows.map(({ digest }) => digest);
}

export async function insertSecret(db: Db, id: string, clientId: string, digest: Buffer): Promise<SecretRow> {
  const { rows } = await db.query<SecretRow>(
    `insert into client_secrets (id, client_id, digest)
     values ($1, $2, $3)
     returning id, created_at, expires_at, last_used_at`,
    [id, clientId, digest],
  );
  return rows[0] as SecretRow;
}

/** Ends what lives no later than `seconds` from now, and forgets what has ended. Never prolongs. */
export async function expireSecrets(db: Db, clientId: string, seconds: number): Promise<void> {
  await db.query(
    `update client_secrets
        set expires_at = least(expires_at, now() + make_interval(secs => $2))
      where client_id = $1`,
    [clientId, seconds],
  );
  await db.query('delete from client_secrets where client_id = $1 and expires_at <= now()', [clientId]);
}

export async function deleteSecret(db: Db, clientId: string, id: string): Promise<boolean> {
  const { rowCount } = await db.query(
    `delete from client_secrets
      where client_id = $1 and id = $2 and (expires_at is null or expires_at > now())`,
    [clientId, id],
  );
  return rowCount > 0;
}

/** When each of these was last used, unless that is known to the minute. What somebody has locked is left for next time. */
export async function writeSecretUse(db: Db, digests: readonly string[], times: readonly Date[]): Promise<void> {
  await db.query(
    `update client_secrets
        set last_used_at = used.at
       from unnest($1::bytea[], $2::timestamptz[]) as used (digest, at)
      where client_secrets.digest = used.digest
        and client_secrets.id = any (array(
              select id
                from client_secrets
               where digest = any ($1::bytea[])
                 and (last_used_at is null or last_used_at < now() - interval '1 minute')
                 for update skip locked))`,
    [digests.map((digest) => Buffer.from(digest, 'hex')), times],
  );
}
