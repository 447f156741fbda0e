/** What administrators do to users. */
import { Conflict, NotFound } from '#src/oauth/problems.ts';
import { type AuthPolicy, DEFAULT_POLICY } from '#src/policies/index.ts';
import { type Account, found, requireId, toAccount } from './account.ts';
import type { Accounts, AccountsDeps, Changes } from './index.ts';
import { toValues } from './profile-rules.ts';
import * as queries from './queries.ts';
import { hashNew, storePassword } from './store-password.ts';

type Administration = Pick<Accounts, 'create' | 'update' | 'removePassword' | 'remove' | 'disable' | 'enable'>;

export function createAdministration({ db, passwords, policies }: AccountsDeps): Administration {
  async function policyOf(id: string): Promise<AuthPolicy> {
    const policy = await policies.find(id);
    if (!policy) throw queries.unknownPolicy();
    return policy;
  }

  /** Before anything is written, and outside of every transaction: a hash takes its time. */
  async function hashFor(id: string, { password, profile, policyId }: Changes): Promise<string | null | undefined> {
    if (password === undefined) return undefined;
    const [row] = await queries.findAccounts(db, [id]);
    const present = found(row);
    const { primary } = await policyOf(policyId ?? present.policyId);
    return hashNew(passwords, password, profile(present), primary.updb);
  }

  return {
    async create({ password, disabled, policyId = DEFAULT_POLICY, mustChangePassword = false, ...profile }) {
      const account = toValues(profile);
      const { primary } = await policyOf(policyId);
      const passwordHash = await hashNew(passwords, password, profile, primary.updb);
      const row = { account, passwordHash, disabled, policyId, mustChangePassword };
      return toAccount(await queries.insertAccount(db, row));
    },

    async update(id, changes) {
      requireId(id);
      const { profile, disabled, policyId, mustChangePassword } = changes;
      const hash = await hashFor(id, changes);
      const row = await db.transaction(async (tx) => {
        const current = await queries.lockAccount(tx, id);
        if (!current) throw new NotFound('user');
        const values = toValues(profile(toAccount(current)), current);
        let updated = await queries.updateAccount(tx, id, values, { policyId, mustChangePassword });
        if (hash !== undefined) updated = await storePassword(tx, id, hash, { byOwner: false });
        if (disabled === true) updated = (await queries.disableAccount(tx, id, null)) ?? updated;
        if (disabled === false) updated = (await queries.enableAccount(tx, id)) ?? updated;
        return updated;
      });
      return toAccount(row);
    },

    async removePassword(id, unless) {
      requireId(id);
      return db.transaction(async (tx) => {
        // Passkeys are taken away under this lock, too: of the last two ways in, only one goes.
        const row = await queries.lockAccount(tx, id);
        if (!row?.has_password) return false;
        const why = unless?.({ passkeys: await queries.countPasskeys(tx, id) });
        if (why !== undefined) throw new Conflict(why);
        await storePassword(tx, id, null, { byOwner: false });
        return true;
      });
    },

    async remove(id) {
      requireId(id);
      if (!(await queries.deleteAccount(db, id))) throw new NotFound('user');
    },

    async disable(id, seconds): Promise<Account> {
      requireId(id);
      return found(await queries.disableAccount(db, id, seconds));
    },

    async enable(id): Promise<Account> {
      requireId(id);
      return found(await queries.enableAccount(db, id));
    },
  };
}
