/** What users do with their own account: prove that it is theirs, and change what is in it. */
import { PasswordQueueFull } from '#src/crypto/index.ts';
import { Conflict, type Fault, Invalid } from '#src/oauth/problems.ts';
import { type Account, found, requireId, toAccount } from './account.ts';
import { createLook, type PasswordVerdict, right } from './authenticate.ts';
import type { Devices } from './devices.ts';
import type { Accounts, AccountsDeps } from './index.ts';
import { normalisePassword, spellingsOf } from './password.ts';
import { brokenRules, checkPassword } from './password-rules.ts';
import { checkOwnProfile } from './profile-rules.ts';
import * as queries from './queries.ts';
import { storePassword } from './store-password.ts';
import { parseUsername } from './username.ts';

type OwnAccount = Pick<Accounts, 'authenticate' | 'changePassword' | 'setPassword' | 'updateOwnProfile'>;

const changedMeanwhile = () => new Conflict('the password was changed meanwhile');

const THE_SAME: Fault = { path: 'password', message: 'must not be the present one' };

export function createOwnAccount(deps: AccountsDeps & { devices: Devices }): OwnAccount {
  const { db, passwords, policies } = deps;
  const look = createLook(deps);

  /** @returns its normal form @throws {Invalid} */
  async function checkNext({ username, email, policyId }: Account, password: string): Promise<string> {
    const { primary } = await policies.get(policyId);
    return checkPassword(password, { username, email }, primary.updb);
  }

  /** To a hash of our own making and cost. Not for the price of a sign-in: the next one will do it. */
  async function upgrade(id: string, hash: string, password: string): Promise<void> {
    if (passwords.isCurrent(hash)) return;
    try {
      await queries.upgradeHash(db, id, hash, await passwords.hash(password));
    } catch (error) {
      if (!(error instanceof PasswordQueueFull)) throw error;
    }
  }

  return {
    async authenticate(username, password, cookie) {
      const name = parseUsername(username)?.key ?? '';
      const looked = await look({ find: () => queries.findCredentials(db, name), name, password, cookie });
      if (looked.refused) return looked.refused;
      const { row, hash, policy } = looked;
      const text = normalisePassword(password) ?? password;
      await upgrade(row.id, hash, text);
      const broken = await brokenRules(text, toAccount(row), policy.primary.updb);
      return right(row, row.must_change_password || broken.length > 0);
    },

    async changePassword(id, current, next, sessionUid): Promise<PasswordVerdict> {
      requireId(id);
      const find = () => queries.findCredentialsById(db, id);
      const text = await checkNext(found(await find()), next);
      if (text === normalisePassword(current)) throw new Invalid([THE_SAME]);
      const looked = await look({ find, name: '', password: current, session: sessionUid });
      if (looked.refused) return looked.refused;
      const { hash } = looked;
      const newHash = await passwords.hash(text);
      return db.transaction(async (tx) => {
        // Another tab was faster: this is not the present password any more.
        if (!(await queries.lockIfHash(tx, id, hash))) {
          return { outcome: 'refused', reason: 'wrong_password', accountId: id, lockedNow: false };
        }
        const row = await storePassword(tx, id, newHash, { byOwner: true });
        return { outcome: 'right', account: toAccount(row), wantsNewPassword: false };
      });
    },

    async setPassword(id, password, seen) {
      requireId(id);
      const row = await queries.findCredentialsById(db, id);
      const account = found(row);
      const text = await checkNext(account, password);
      const present = row?.password_hash ?? undefined;
      // Whoever was asked for another one has not given it by typing the old one again.
      if (present !== undefined && (await passwords.inTurn((verify) => verify(present, spellingsOf(password))))) {
        throw new Invalid([THE_SAME]);
      }
      const hash = await passwords.hash(text);
      return db.transaction(async (tx) => {
        const locked = await queries.lockAccount(tx, id);
        if (locked?.password_version !== (seen ?? account.passwordVersion)) throw changedMeanwhile();
        return toAccount(await storePassword(tx, id, hash, { byOwner: true }));
      });
    },

    async updateOwnProfile(id, own) {
      requireId(id);
      checkOwnProfile(own);
      return found(await queries.updateOwnProfile(db, id, own));
    },
  };
}
