import { type Db, isUniqueViolation } from '#src/db/index.ts';
import { Conflict } from '#src/oauth/problems.ts';

export interface AccountRow {
  id: string;
  ordinal: string;
  username: string;
  email: string | null;
  name: string | null;
  claims: Record<string, unknown>;
  has_password: boolean;
  /** At this moment, by the database's clock. */
  is_disabled: boolean;
  disabled_until: Date | null;
  created_at: Date;
  updated_at: Date;
}

/** Disabled is: by an administrator and, if it was for a time, before that time has come. Said here and nowhere else. */
const ACCOUNT = `
  id, ordinal, username, email, name, claims, password_hash is not null as has_password,
  disabled and (disabled_until is null or disabled_until > now()) as is_disabled, disabled_until, created_at, updated_at`;

export interface AccountValues {
  username: string;
  username_key: string;
  email: string | null;
  name: string | null;
  claims: Record<string, unknown>;
}

const values = (account: AccountValues) => [
  account.username,
  account.username_key,
  account.email,
  account.name,
  JSON.stringify(account.claims),
];

export async function findAccounts(db: Db, ids: readonly string[]): Promise<AccountRow[]> {
  const { rows } = await db.query<AccountRow>(`select ${ACCOUNT} from users where id = any($1::uuid[])`, [ids]);
  return rows;
}

export type Credentials = AccountRow & { password_hash: string | null };

export async function findCredentials(db: Db, usernameKey: string): Promise<Credentials | undefined> {
  const { rows } = await db.query<Credentials>(`select ${ACCOUNT}, password_hash from users where username_key = $1`, [
    usernameKey,
  ]);
  return rows[0];
}

/** In order of creation, which no later write changes: a page never skips or repeats a user. */
export async function listAccounts(db: Db, after: string, limit: number): Promise<AccountRow[]> {
  const { rows } = await db.query<AccountRow>(
    `select ${ACCOUNT} from users where ordinal > $1 order by ordinal limit $2`,
    [after, limit],
  );
  return rows;
}

/** @throws {Conflict} */
export async function insertAccount(
  db: Db,
  account: AccountValues,
  passwordHash: string | null,
  disabled: boolean,
): Promise<AccountRow> {
  const { rows } = await db
    .query<AccountRow>(
      `insert into users (username, username_key, email, name, claims, password_hash, disabled)
       values ($1, $2, $3, $4, $5, $6, $7)
       returning ${ACCOUNT}`,
      [...values(account), passwordHash, disabled],
    )
    .catch(refuseTakenName);
  return rows[0] as AccountRow;
}

/** Undefined when there is none; held until the transaction ends. */
export async function lockAccount(db: Db, id: string): Promise<AccountRow | undefined> {
  const { rows } = await db.query<AccountRow>(`select ${ACCOUNT} from users where id = $1 for update`, [id]);
  return rows[0];
}

/** @throws {Conflict} */
export async function updateAccount(db: Db, id: string, account: AccountValues): Promise<AccountRow> {
  const { rows } = await db
    .query<AccountRow>(
      `update users
          set username = $2, username_key = $3, email = $4, name = $5, claims = $6, updated_at = now()
        where id = $1
        returning ${ACCOUNT}`,
      [id, ...values(account)],
    )
    .catch(refuseTakenName);
  return rows[0] as AccountRow;
}

export async function setPasswordHash(db: Db, id: string, passwordHash: string | null): Promise<AccountRow> {
  const { rows } = await db.query<AccountRow>(
    `update users set password_hash = $2, updated_at = now() where id = $1 returning ${ACCOUNT}`,
    [id, passwordHash],
  );
  return rows[0] as AccountRow;
}

/** @param seconds how long; null: until somebody enables it */
export async function disableAccount(db: Db, id: string, seconds: number | null): Promise<AccountRow | undefined> {
  const { rows } = await db.query<AccountRow>(
    `update users
        set disabled = true, disabled_until = now() + make_interval(secs => $2), updated_at = now()
      where id = $1
      returning ${ACCOUNT}`,
    [id, seconds],
  );
  return rows[0];
}

/** Undoes the block and nothing else: what the user held before it stays ended. */
export async function enableAccount(db: Db, id: string): Promise<AccountRow | undefined> {
  const { rows } = await db.query<AccountRow>(
    `update users
        set disabled = false, disabled_until = null, updated_at = now(),
            -- A block that has ended by itself ended nothing that was issued after it.
            tokens_from = case when disabled
                               then greatest(tokens_from, least(now(), coalesce(disabled_until, now())))
                               else tokens_from end
      where id = $1
      returning ${ACCOUNT}`,
    [id],
  );
  return rows[0];
}

export async function deleteAccount(db: Db, id: string): Promise<boolean> {
  const { rowCount } = await db.query('delete from users where id = $1', [id]);
  return rowCount > 0;
}

function refuseTakenName(error: unknown): never {
  throw isUniqueViolation(error, 'users_username_key_key') ? new Conflict('this username is taken') : error;
}
