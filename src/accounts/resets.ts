import { randomSecret } from '#src/crypto/index.ts';
import { Conflict, NotFound } from '#src/oauth/problems.ts';
import { type Account, requireId, toAccount } from './account.ts';
import type { Accounts, AccountsDeps } from './index.ts';
import { checkPassword } from './password-rules.ts';
import * as queries from './queries.ts';
import { resetMail } from './reset-mail.ts';
import * as resetQueries from './reset-queries.ts';
import { storePassword } from './store-password.ts';

/** A password is forgotten: a link, good once and for a time, from a mailbox or an administrator, sets another. */
export interface Resets {
  /** By an administrator; the one made before ends. @throws {NotFound} @throws {Conflict} when the user may not have a password */
  create(id: string, seconds: number): Promise<{ token: string; link: string; expiresAt: Date }>;
  /** Whose it is, while it is good: also it is not while its user is disabled. */
  find(token: string): Promise<Account | undefined>;
  /** @returns undefined when it is not good any more @throws {Invalid} and then it stays good @throws {PasswordQueueFull} */
  redeem(token: string, password: string): Promise<Account | undefined>;
  /** Mails a link if the name has an account with an address. The answer and its time say nothing of that. */
  request(username: string): Promise<void>;
}

type Deps = AccountsDeps & Pick<Accounts, 'findByUsername'>;

const PURPOSE = 'password reset';
const MAILED_SECONDS = 30 * 60;

export function createResets({ db, digests, passwords, policies, mail, issuer, findByUsername }: Deps): Resets {
  const linkTo = (token: string) => `${issuer}/account/reset/${token}`;

  async function mayHavePassword({ policyId }: Account): Promise<boolean> {
    return (await policies.get(policyId)).primary.updb.allowed;
  }

  async function findOne(id: string): Promise<Account | undefined> {
    const [row] = await queries.findAccounts(db, [id]);
    return row && toAccount(row);
  }

  async function find(token: string): Promise<Account | undefined> {
    const id = await resetQueries.findReset(db, digests.allOf(PURPOSE, token));
    const account = id === undefined ? undefined : await findOne(id);
    return account && !account.disabled && (await mayHavePassword(account)) ? account : undefined;
  }

  async function composeFor(username: string) {
    const account = await findByUsername(username);
    if (!account?.email || account.disabled || !(await mayHavePassword(account))) return undefined;
    const token = randomSecret();
    const made = await resetQueries.putResetSparingly(db, account.id, digests.of(PURPOSE, token), MAILED_SECONDS);
    return made ? resetMail({ to: account.email, username: account.username, issuer, link: linkTo(token) }) : undefined;
  }

  return {
    find,

    async create(id, seconds) {
      requireId(id);
      const account = await findOne(id);
      if (!account) throw new NotFound('user');
      if (!(await mayHavePassword(account))) throw new Conflict("this user's policy allows no password");
      const token = randomSecret();
      const expiresAt = await resetQueries.putReset(db, id, digests.of(PURPOSE, token), seconds);
      if (!expiresAt) throw new NotFound('user');
      return { token, link: linkTo(token), expiresAt };
    },

    async redeem(token, password) {
      const account = await find(token);
      if (!account) return undefined;
      const { primary } = await policies.get(account.policyId);
      const hash = await passwords.hash(await checkPassword(password, account, primary.updb));
      return db.transaction(async (tx) => {
        // The account first, as everybody does who takes both.
        const row = await queries.lockAccount(tx, account.id);
        if (!row || row.is_disabled || !(await resetQueries.takeReset(tx, digests.allOf(PURPOSE, token))))
          return undefined;
        return toAccount(await storePassword(tx, account.id, hash, { byOwner: true }));
      });
    },

    async request(username) {
      // All of it behind the answer: a mail to write takes time, and nobody to write to takes none.
      if (mail.enabled) mail.send(() => composeFor(username));
    },
  };
}
