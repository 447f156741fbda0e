/**
 * Users: who they are, their passwords, whether they are disabled. Owns the table `users` and the only comparison of a
 * password; does not own second factors, sessions or what a user agreed to.
 *
 * Passwords are hashed before any statement is sent, so no connection waits for a hash.
 */
import type { PasswordHasher } from '#src/crypto/index.ts';
import { batched, type Database } from '#src/db/index.ts';
import { NotFound } from '#src/oauth/problems.ts';
import { type Account, type Profile, toAccount } from './account.ts';
import { normalisePassword } from './password.ts';
import * as queries from './queries.ts';
import { hashNew, type NewPassword, toValues } from './rules.ts';
import { parseUsername } from './username.ts';

export type { Account, Profile } from './account.ts';
export type { NewPassword } from './rules.ts';

const UUID = /^[0-9a-f]{8}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{12}$/;

export interface AccountsDeps {
  readonly db: Database;
  readonly passwords: PasswordHasher;
}

export interface Changes {
  readonly profile: (account: Account) => Profile;
  /** Undefined leaves it as it is. */
  readonly password?: NewPassword | undefined;
  readonly disabled?: boolean | undefined;
}

export interface Accounts {
  /** Also a disabled one. Undefined for whatever is not an id. Lookups of one moment share a statement. */
  find(id: string): Promise<Account | undefined>;
  /**
   * The account, if this is its password and it is not disabled. Everything else is the same undefined after the same
   * work: whether the user exists is nobody's business.
   *
   * @throws {PasswordQueueFull}
   */
  authenticate(username: string, password: string): Promise<Account | undefined>;
  /** In order of creation, those behind the position `after` ('0' is the start). */
  list(page: { after: string; limit: number }): Promise<{ items: Account[]; next: string | undefined }>;
  /** @throws {Conflict} when the username is taken @throws {Invalid} @throws {PasswordQueueFull} */
  create(account: Profile & { password: NewPassword; disabled: boolean }): Promise<Account>;
  /** All of it or nothing. @throws {NotFound} @throws {Conflict} @throws {Invalid} @throws {PasswordQueueFull} */
  update(id: string, changes: Changes): Promise<Account>;
  /** @throws {NotFound} */
  remove(id: string): Promise<void>;
  /** @param seconds how long; null: until somebody enables it @throws {NotFound} */
  disable(id: string, seconds: number | null): Promise<Account>;
  /** @throws {NotFound} */
  enable(id: string): Promise<Account>;
}

export function createAccounts({ db, passwords }: AccountsDeps): Accounts {
  const lookup = batched(
    async (ids: string[]) => new Map((await queries.findAccounts(db, ids)).map((row) => [row.id, toAccount(row)])),
    { slots: db.concurrency },
  );

  return {
    find: async (id) => (UUID.test(id) ? lookup(id) : undefined),

    async authenticate(username, password) {
      const name = parseUsername(username);
      const text = normalisePassword(password);
      const row = name && (await queries.findCredentials(db, name.key));
      const hash = text === undefined ? undefined : (row?.password_hash ?? undefined);
      const fits = await passwords.verify(hash, text ?? '');
      return row && fits && !row.is_disabled ? toAccount(row) : undefined;
    },

    async list({ after, limit }) {
      const rows = await queries.listAccounts(db, after, limit + 1);
      const page = rows.slice(0, limit);
      return { items: page.map(toAccount), next: rows.length > limit ? page.at(-1)?.ordinal : undefined };
    },

    async create({ password, disabled, ...profile }) {
      const values = toValues(profile);
      const hash = await hashNew(password, passwords.hash);
      return toAccount(await queries.insertAccount(db, values, hash, disabled));
    },

    async update(id, { profile, password, disabled }) {
      requireId(id);
      const hash = password === undefined ? undefined : await hashNew(password, passwords.hash);
      const row = await db.transaction(async (tx) => {
        const current = await queries.lockAccount(tx, id);
        if (!current) throw new NotFound('user');
        let updated = await queries.updateAccount(tx, id, toValues(profile(toAccount(current))));
        if (hash !== undefined) updated = await queries.setPasswordHash(tx, id, hash);
        if (disabled === true) updated = (await queries.disableAccount(tx, id, null)) ?? updated;
        if (disabled === false) updated = (await queries.enableAccount(tx, id)) ?? updated;
        return updated;
      });
      return toAccount(row);
    },

    async remove(id) {
      requireId(id);
      if (!(await queries.deleteAccount(db, id))) throw new NotFound('user');
    },

    async disable(id, seconds) {
      requireId(id);
      return found(await queries.disableAccount(db, id, seconds));
    },

    async enable(id) {
      requireId(id);
      return found(await queries.enableAccount(db, id));
    },
  };
}

/** What is no id names nobody; asking Postgres would be a cast error. */
function requireId(id: string): void {
  if (!UUID.test(id)) throw new NotFound('user');
}

function found(row: queries.AccountRow | undefined): Account {
  if (!row) throw new NotFound('user');
  return toAccount(row);
}
