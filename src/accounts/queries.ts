import { type Db, isForeignKeyViolation, isUniqueViolation } from '#src/db/index.ts';
import { Conflict, Invalid } from '#src/oauth/problems.ts';
import type { OwnProfile } from './account.ts';

export interface AccountRow {
  id: string;
  ordinal: string;
  username: string;
  email: string | null;
  name: string | null;
  claims: Record<string, unknown>;
  policy_id: string;
  has_password: boolean;
  password_changed_at: Date | null;
  password_version: number;
  must_change_password: boolean;
  /** At this moment, by the database's clock. */
  is_disabled: boolean;
  disabled_until: Date | null;
  created_at: Date;
  updated_at: Date;
}

/** Disabled is: by an administrator and, if it was for a time, before that time has come. Said here and nowhere else. */
const ACCOUNT = `
  id, ordinal, username, email, name, claims, policy_id,
  password_hash is not null as has_password, password_changed_at, password_version, must_change_password,
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
  const { rows } = await db.query<AccountRow>(
    `select ${ACCOUNT} from users where id = any(array(select unnest($1::uuid[])))`,
    [ids],
  );
  return rows;
}

export type Credentials = AccountRow & { password_hash: string | null };

export async function findCredentials(db: Db, usernameKey: string): Promise<Credentials | undefined> {
  const { rows } = await db.query<Credentials>(`select ${ACCOUNT}, password_hash from users where username_key = $1`, [
    usernameKey,
  ]);
  return rows[0];
}

export async function findCredentialsById(db: Db, id: string): Promise<Credentials | undefined> {
  const { rows } = await db.query<Credentials>(`select ${ACCOUNT}, password_hash from users where id = $1`, [id]);
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

export interface NewRow {
  account: AccountValues;
  passwordHash: string | null;
  disabled: boolean;
  policyId: string;
  mustChangePassword: boolean;
}

/** @throws {Conflict} when the username is taken @throws {Invalid} when the policy has gone */
export async function insertAccount(db: Db, row: NewRow): Promise<AccountRow> {
  const { rows } = await db
    .query<AccountRow>(
      `insert into users (username, username_key, email, name, claims, password_hash, disabled, policy_id,
                          must_change_password, password_changed_at)
       values ($1, $2, $3, $4, $5, $6, $7, $8, $9, case when $6::text is not null then now() end)
       returning ${ACCOUNT}`,
      [...values(row.account), row.passwordHash, row.disabled, row.policyId, row.mustChangePassword],
    )
    .catch(refuse);
  return rows[0] as AccountRow;
}

/** Undefined when there is none; held until the transaction ends. */
export async function lockAccount(db: Db, id: string): Promise<AccountRow | undefined> {
  const { rows } = await db.query<AccountRow>(`select ${ACCOUNT} from users where id = $1 for no key update`, [id]);
  return rows[0];
}

/** Other ways to sign in than the password. Call under `lockAccount`. */
export async function countPasskeys(db: Db, id: string): Promise<number> {
  const { rows } = await db.query<{ count: number }>(
    'select count(*)::integer as count from passkeys where account_id = $1',
    [id],
  );
  return rows[0]?.count ?? 0;
}

export interface Decisions {
  /** Undefined leaves it as it is. */
  policyId: string | undefined;
  mustChangePassword: boolean | undefined;
}

/** @throws {Conflict} when the username is taken @throws {Invalid} when there is no such policy */
export async function updateAccount(
  db: Db,
  id: string,
  account: AccountValues,
  { policyId, mustChangePassword }: Decisions,
): Promise<AccountRow> {
  const { rows } = await db
    .query<AccountRow>(
      `update users
          set username = $2, username_key = $3, email = $4, name = $5, claims = $6,
              policy_id = coalesce($7, policy_id), must_change_password = coalesce($8, must_change_password),
              updated_at = now()
        where id = $1
        returning ${ACCOUNT}`,
      [id, ...values(account), policyId, mustChangePassword],
    )
    .catch(refuse);
  return rows[0] as AccountRow;
}

/** Undefined leaves a member as it is, null takes it away: what another tab changed meanwhile is not written over. */
export async function updateOwnProfile(db: Db, id: string, own: OwnProfile): Promise<AccountRow | undefined> {
  const { rows } = await db.query<AccountRow>(
    `update users
        set name = case when $2 then $3 else name end,
            email = case when $4 then $5 else email end,
            updated_at = now()
      where id = $1
      returning ${ACCOUNT}`,
    [id, own.name !== undefined, own.name, own.email !== undefined, own.email],
  );
  return rows[0];
}

/** @param byOwner they have done with it what was asked of them */
export async function setPasswordHash(
  db: Db,
  id: string,
  passwordHash: string | null,
  byOwner: boolean,
): Promise<AccountRow> {
  const { rows } = await db.query<AccountRow>(
    `update users
        set password_hash = $2, password_changed_at = now(), password_version = password_version + 1,
            must_change_password = must_change_password and not $3, updated_at = now()
      where id = $1
      returning ${ACCOUNT}`,
    [id, passwordHash, byOwner],
  );
  return rows[0] as AccountRow;
}

/** Still this hash, and held so until the transaction ends. */
export async function lockIfHash(db: Db, id: string, passwordHash: string): Promise<boolean> {
  const { rows } = await db.query<{ id: string }>(
    'select id from users where id = $1 and password_hash = $2 for no key update',
    [id, passwordHash],
  );
  return rows.length > 0;
}

/** The same password under another hash: nothing that anybody decided has changed. */
export async function upgradeHash(db: Db, id: string, from: string, to: string): Promise<void> {
  await db.query('update users set password_hash = $3 where id = $1 and password_hash = $2', [id, from, to]);
}

/** @param seconds how long; null: until somebody enables it */
export async function disableAccount(db: Db, id: string, seconds: number | null): Promise<AccountRow | undefined> {
  const { rows } = await db.query<AccountRow>(
    `with found as materialized (
       select id from users where id = $1 for no key update
     ), event as (
       insert into events (type, account_id, data)
       select 'user.disabled', id, jsonb_build_object('until', now() + make_interval(secs => $2))
         from found
     )
     update users
        set disabled = true, disabled_until = now() + make_interval(secs => $2), updated_at = now()
      where id in (select id from found)
      returning ${ACCOUNT}`,
    [id, seconds],
  );
  return rows[0];
}

/** Undoes the block, also one by wrong guesses, and nothing else: what the user held before it stays ended. */
export async function enableAccount(db: Db, id: string): Promise<AccountRow | undefined> {
  const { rows } = await db.query<AccountRow>(
    `with forgiven as (
       delete from guesses where account_id = $1
     )
     update users
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

function refuse(error: unknown): never {
  if (isUniqueViolation(error, 'users_username_key_key')) throw new Conflict('this username is taken');
  if (isForeignKeyViolation(error, 'users_policy_id_fkey')) throw unknownPolicy();
  throw error;
}

export const unknownPolicy = () => new Invalid([{ path: 'policy_id', message: 'is no authentication policy' }]);
