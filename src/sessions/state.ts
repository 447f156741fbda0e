/** From what is stored to what is asked: the one place that says whether a sign-in is partial or full. */
import type { Account, Accounts } from '#src/accounts/index.ts';
import type { Database } from '#src/db/index.ts';
import type { Factors } from '#src/factors/index.ts';
import { acrOf, amrOf } from '#src/oauth/acr.ts';
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
    if (!account || account.disabled) return undefined;
    const [policy, enrolled] = await Promise.all([policies.get(account.policyId), factors.of(account.id)]);
    if (!isAllowedFirst(policy, row.proofs)) return undefined;
    const open = openQueries({
      policy,
      enrolled,
      proofs: row.proofs,
      wantsNewPassword: row.wants_new_password,
      acr: row.acr ?? undefined,
    });
    return { account, signIn: toSignIn(row, open), passwordVersion: row.password_version ?? account.passwordVersion };
  }

  return {
    evaluate,
    async find(key: Key): Promise<Present | undefined> {
      const row = await queries.findSignIn(db, ids.idsOf(key));
      return row && evaluate(row);
    },
  };
}

function toSignIn(row: queries.SignInRow, { queries: open, stuck }: ReturnType<typeof openQueries>): SignIn {
  return {
    accountId: row.account_id,
    state: open.length === 0 && !stuck ? 'full' : 'partial',
    queries: open,
    proofs: row.proofs,
    acr: acrOf(row.proofs),
    amr: amrOf(row.proofs),
    authTime: Math.floor(row.authenticated_at.getTime() / 1000),
    expiresAt: row.expires_at,
    clientId: row.client_id ?? undefined,
    request: row.request,
    stuck,
  };
}
