import type { Db } from '#src/db/index.ts';
import type { PasskeyRow } from './passkey-queries.ts';

interface CodesRow {
  totp_created_at: Date | null;
  totp_last_used_at: Date | null;
  recovery_codes_left: number;
  recovery_codes_created_at: Date | null;
}

/** The codes are the same in every row: there is one for each passkey, or one without. */
export type EnrolledRow = CodesRow &
  (Pick<PasskeyRow, 'id' | 'name' | 'transports' | 'backed_up' | 'created_at' | 'last_used_at'> | { id: null });

/** All of an account in one: every sign-in asks, and no two answers may speak of different moments. */
export async function findEnrolled(db: Db, accountId: string): Promise<[EnrolledRow, ...EnrolledRow[]]> {
  const { rows } = await db.query<EnrolledRow>(
    `select t.created_at as totp_created_at, t.last_used_at as totp_last_used_at,
            r.unused as recovery_codes_left, r.created_at as recovery_codes_created_at,
            p.id, p.name, p.transports, p.backed_up, p.created_at, p.last_used_at
       from (select count(*) filter (where used_at is null)::integer as unused, max(created_at) as created_at
               from recovery_codes
              where account_id = $1) r
       left join totp t on t.account_id = $1
       left join passkeys p on p.account_id = $1
      order by p.created_at, p.id`,
    [accountId],
  );
  return rows as [EnrolledRow, ...EnrolledRow[]];
}

export async function removeAll(db: Db, accountId: string): Promise<void> {
  await db.query(
    `with no_totp as (delete from totp where account_id = $1),
          no_recovery_codes as (delete from recovery_codes where account_id = $1)
     delete from passkeys where account_id = $1`,
    [accountId],
  );
}

export interface OwnerRow {
  has_password: boolean;
}

/**
 * Writers of one account's password, codes or passkeys take turns, until the transaction ends. Undefined when there is no
 * such account.
 */
export async function lockAccount(db: Db, accountId: string): Promise<OwnerRow | undefined> {
  const { rows } = await db.query<OwnerRow>(
    'select password_hash is not null as has_password from users where id = $1 for no key update',
    [accountId],
  );
  return rows[0];
}

export interface TotpRow {
  secret: Buffer;
}

export async function findTotp(db: Db, accountId: string): Promise<TotpRow | undefined> {
  const { rows } = await db.query<TotpRow>('select secret from totp where account_id = $1', [accountId]);
  return rows[0];
}

/** @returns false when the account has one */
export async function insertTotp(db: Db, accountId: string, secret: Buffer, lastStep: number): Promise<boolean> {
  const { rowCount } = await db.query(
    `insert into totp (account_id, secret, last_step)
     values ($1, $2, $3)
     on conflict (account_id) do nothing`,
    [accountId, secret, lastStep],
  );
  return rowCount > 0;
}

/**
 * Uses up this step and all before it. Of any number who bring the same code, exactly one is told true.
 *
 * @param secret what the code was checked against: when it was removed or replaced meanwhile, the code is nobody's
 */
export async function useTotpStep(db: Db, accountId: string, step: number, secret: Buffer): Promise<boolean> {
  const { rowCount } = await db.query(
    `update totp
        set last_step = $2, last_used_at = now()
      where account_id = $1
        and last_step < $2
        and secret = $3`,
    [accountId, step, secret],
  );
  return rowCount > 0;
}

/** Recovery codes stand in for a second factor: they go with the last one. Call under `lockAccount`. */
export async function deleteTotp(db: Db, accountId: string): Promise<boolean> {
  const { rowCount } = await db.query(
    `with gone as (
       delete from totp
        where account_id = $1
       returning account_id
     ), no_recovery_codes as (
       delete from recovery_codes
        where account_id in (select account_id from gone)
          and not exists (select 1 from passkeys where account_id = $1)
     )
     select 1 from gone`,
    [accountId],
  );
  return rowCount > 0;
}

export interface SealedTotpRow {
  account_id: string;
  secret: Buffer;
}

/** In order of id, those behind `after`: all of them are walked through without holding them all. */
export async function listTotpSecrets(db: Db, after: string, limit: number): Promise<SealedTotpRow[]> {
  const { rows } = await db.query<SealedTotpRow>(
    'select account_id, secret from totp where account_id > $1 order by account_id limit $2',
    [after, limit],
  );
  return rows;
}

/** Leaves alone what was changed meanwhile. */
export async function resealTotpSecrets(
  db: Db,
  changes: readonly { accountId: string; from: Buffer; to: Buffer }[],
): Promise<void> {
  await db.query(
    `update totp t
        set secret = c.to_secret
       from unnest($1::uuid[], $2::bytea[], $3::bytea[]) as c (account_id, from_secret, to_secret)
      where t.account_id = c.account_id
        and t.secret = c.from_secret`,
    [changes.map(({ accountId }) => accountId), changes.map(({ from }) => from), changes.map(({ to }) => to)],
  );
}

export async function insertRecoveryCodes(db: Db, accountId: string, digests: readonly Buffer[]): Promise<void> {
  await db.query('insert into recovery_codes (account_id, digest) select $1, unnest($2::bytea[])', [
    accountId,
    digests,
  ]);
}

/** @returns whether there were any */
export async function deleteRecoveryCodes(db: Db, accountId: string): Promise<boolean> {
  const { rowCount } = await db.query('delete from recovery_codes where account_id = $1', [accountId]);
  return rowCount > 0;
}

/** Of any number who bring the same code, exactly one is told true. */
export async function useRecoveryCode(db: Db, accountId: string, digests: readonly Buffer[]): Promise<boolean> {
  const { rowCount } = await db.query(
    `update recovery_codes
        set used_at = now()
      where account_id = $1
        and digest = any(array(select unnest($2::bytea[])))
        and used_at is null`,
    [accountId, digests],
  );
  return rowCount > 0;
}
