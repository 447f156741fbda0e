import type { Db } from '#src/db/index.ts';

export interface PasskeyRow {
  id: string;
  account_id: string;
  credential_id: Buffer;
  public_key: Buffer;
  /** A bigint: Postgres hands it over as text. */
  counter: string;
  transports: string[];
  backed_up: boolean;
  name: string;
  created_at: Date;
  last_used_at: Date | null;
}

const PASSKEY = `
  id, account_id, credential_id, public_key, counter, transports, backed_up, name, created_at, last_used_at`;

export async function listPasskeys(db: Db, accountId: string): Promise<PasskeyRow[]> {
  const { rows } = await db.query<PasskeyRow>(
    `select ${PASSKEY} from passkeys where account_id = $1 order by created_at, id`,
    [accountId],
  );
  return rows;
}

export async function findPasskey(db: Db, credentialId: Buffer): Promise<PasskeyRow | undefined> {
  const { rows } = await db.query<PasskeyRow>(`select ${PASSKEY} from passkeys where credential_id = $1`, [
    credentialId,
  ]);
  return rows[0];
}

export type NewPasskey = Omit<PasskeyRow, 'counter' | 'created_at' | 'last_used_at'> & { counter: number };

/** Undefined when somebody has registered this credential, or the account has `most` of them. Call under `lockAccount`. */
export async function insertPasskey(db: Db, passkey: NewPasskey, most: number): Promise<PasskeyRow | undefined> {
  const { rows } = await db.query<PasskeyRow>(
    `insert into passkeys (id, account_id, credential_id, public_key, counter, transports, backed_up, name)
     select $1, $2, $3, $4, $5, $6, $7, $8
      where (select count(*) from passkeys where account_id = $2) < $9
     on conflict (credential_id) do nothing
     returning ${PASSKEY}`,
    [
      passkey.id,
      passkey.account_id,
      passkey.credential_id,
      passkey.public_key,
      passkey.counter,
      passkey.transports,
      passkey.backed_up,
      passkey.name,
      most,
    ],
  );
  return rows[0];
}

/**
 * The signature counter must grow, or stay at the 0 of those that do not count (WebAuthn §7.2 step 22). Decided here and
 * not only before: of two answers with one count, from a clone or sent twice, one loses.
 */
export async function usePasskey(db: Db, id: string, counter: number, backedUp: boolean): Promise<boolean> {
  const { rowCount } = await db.query(
    `update passkeys
        set counter = $2, backed_up = $3, last_used_at = now()
      where id = $1
        and (counter < $2 or (counter = 0 and $2 = 0))`,
    [id, counter, backedUp],
  );
  return rowCount > 0;
}

export async function renamePasskey(
  db: Db,
  accountId: string,
  id: string,
  name: string,
): Promise<PasskeyRow | undefined> {
  const { rows } = await db.query<PasskeyRow>(
    `update passkeys set name = $3 where account_id = $1 and id = $2 returning ${PASSKEY}`,
    [accountId, id, name],
  );
  return rows[0];
}

/** Recovery codes stand in for a second factor: they go with the last one. Call under `lockAccount`. */
export async function deletePasskey(db: Db, accountId: string, id: string): Promise<boolean> {
  const { rowCount } = await db.query(
    `with gone as (
       delete from passkeys
        where account_id = $1
          and id = $2
       returning account_id
     ), no_recovery_codes as (
       delete from recovery_codes
        where account_id in (select account_id from gone)
          and not exists (select 1 from passkeys where account_id = $1 and id <> $2)
          and not exists (select 1 from totp where account_id = $1)
     )
     select 1 from gone`,
    [accountId, id],
  );
  return rowCount > 0;
}
