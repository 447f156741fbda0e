/** All SQL of what deliveries are signed with, as far as people change it. */
import type { Db } from '#src/db/index.ts';

export interface SecretRow {
  id: string;
  created_at: Date;
  expires_at: Date | null;
}

/** Those that sign now, newest first. */
export async function listSecrets(db: Db, webhookId: string): Promise<SecretRow[]> {
  const { rows } = await db.query<SecretRow>(
    `select id, created_at, expires_at
       from webhook_secrets
      where webhook_id = $1 and (expires_at is null or expires_at > now())
      order by created_at desc, id`,
    [webhookId],
  );
  return rows;
}

export async function insertSecret(db: Db, id: string, webhookId: string, sealed: Buffer): Promise<SecretRow> {
  const { rows } = await db.query<SecretRow>(
    `insert into webhook_secrets (id, webhook_id, sealed)
     values ($1, $2, $3)
     returning id, created_at, expires_at`,
    [id, webhookId, sealed],
  );
  return rows[0] as SecretRow;
}

/** Ends what signs no later than `seconds` from now, and forgets what has ended. Never prolongs. */
export async function expireSecrets(db: Db, webhookId: string, seconds: number): Promise<void> {
  await db.query(
    `update webhook_secrets
        set expires_at = least(expires_at, now() + make_interval(secs => $2))
      where webhook_id = $1`,
    [webhookId, seconds],
  );
  await db.query('delete from webhook_secrets where webhook_id = $1 and expires_at <= now()', [webhookId]);
}

/** Only one that is about to end: without the other nothing could be signed. */
export async function deleteExpiring(db: Db, webhookId: string, id: string): Promise<boolean> {
  const { rowCount } = await db.query(
    'delete from webhook_secrets where webhook_id = $1 and id = $2 and expires_at > now()',
    [webhookId, id],
  );
  return rowCount > 0;
}

export interface SealedRow {
  table: 'webhooks' | 'webhook_secrets';
  id: string;
  sealed: Buffer;
}

/** Every secret there is, shared and signing: as few as there are webhooks. */
export async function listSealed(db: Db): Promise<SealedRow[]> {
  const { rows } = await db.query<SealedRow>(
    `select 'webhooks' as table, id, shared_secret as sealed
       from webhooks
      where shared_secret is not null
      union all
     select 'webhook_secrets', id, sealed
       from webhook_secrets`,
  );
  return rows;
}

export async function resealShared(db: Db, id: string, { from, to }: { from: Buffer; to: Buffer }): Promise<void> {
  await db.query('update webhooks set shared_secret = $3 where id = $1 and shared_secret = $2', [id, from, to]);
}

export async function resealSigning(db: Db, id: string, { from, to }: { from: Buffer; to: Buffer }): Promise<void> {
  await db.query('update webhook_secrets set sealed = $3 where id = $1 and sealed = $2', [id, from, to]);
}
