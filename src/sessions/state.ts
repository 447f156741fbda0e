/** From what is stored to what is asked: the one place that says whether a sign-in is partial or full. */
import type { Account, Accounts } from '#src/accounts/index.ts';
import type { Database } from '#src/db/index.ts';
import type { Factors } from '#src/factors/index.ts';
import { acrOf, amrOf, type Proof } from '#src/oauth/acr.ts';
import type { Policies } from '#src/policies/index.ts';
import { isAllowedFirst, openQueries } from './demands.ts';
import type { Ids, Key } from './key.ts';
import * as queries from './queries.ts';
import type { SignIn } from './sign-in.ts';

export interface StateDeps {
  readonly db: Database;
  readonly ids: Ids;
  readonly accounts: Accounts;
  readonly policies: Policies;
  readonly factors: Factors;
}

/** What somebody has proved, and for what. */
export interface Proved {
  readonly proofs: readonly Proof[];
  readonly authenticatedAt: Date;
  readonly wantsNewPassword: boolean;
  readonly passwordVersion: number | undefined;
  readonly acr: string | undefined;
  readonly clientId: string | undefined;
  readonly request: Readonly<Record<string, unknown>>;
  readonly expiresAt: Date;
}

export interface Present {
  readonly signIn: SignIn;
  /** Of the password that was proved. */
  readonly passwordVersion: number;
  readonly account: Account;
}

export type State = ReturnType<typeof createState>;

export function createState({ db, ids, accounts, policies, factors }: StateDeps) {
  async function evaluate(row: queries.SignInRow): Promise<Present | undefined> {
    const account = await accounts.find(row.account_id);
    return account && judge(toProved(row), account);
  }

  async function judge(proved: Proved, account: Account): Promise<Present | undefined> {
    if (account.disabled) return undefined;
    const [policy, enrolled] = await Promise.all([policies.get(account.policyId), factors.of(account.id)]);
    if (!isAllowedFirst(policy, proved.proofs)) return undefined;
    const open = openQueries({ ...proved, policy, enrolled });
    const { passwordVersion = account.passwordVersion } = proved;
    return { account, signIn: toSignIn(proved, account, open), passwordVersion };
  }

  return {
    evaluate,
    /** The same of what is not kept yet, and of an account that was looked up just now. */
    judge,
    async find(key: Key): Promise<Present | undefined> {
      const row = await queries.findSignIn(db, ids.idsOf(key));
      return row && evaluate(row);
    },
  };
}

function toProved(row: queries.SignInRow): Proved {
  return {
    proofs: row.proofs,
    authenticatedAt: row.authenticated_at,
    wantsNewPassword: row.wants_new_password,
    passwordVersion: row.password_version ?? undefined,
    acr: row.acr ?? undefined,
    clientId: row.client_id ?? undefined,
    request: row.request,
    expiresAt: row.expires_at,
  };
}

function toSignIn(
  { proofs, authenticatedAt, expiresAt, clientId, request }: Proved,
  { id: accountId }: Account,
  { queries: open, stuck }: ReturnType<typeof openQueries>,
): SignIn {
  return {
    accountId,
    state: open.length === 0 && !stuck ? 'full' : 'partial',
    queries: open,
    proofs,
    acr: acrOf(proofs),
    amr: amrOf(proofs),
    authTime: Math.floor(authenticatedAt.getTime() / 1000),
    expiresAt,
    clientId,
    request,
    stuck,
  };
}
