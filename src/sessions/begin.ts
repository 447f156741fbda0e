/** First proofs. Whatever is wrong with one, the answer is the same `mismatch` after the same work. */
import type { Account, PasswordVerdict } from '#src/accounts/index.ts';
import { type Proof, proofsOf } from '#src/oauth/acr.ts';
import type { SignInDeps } from './index.ts';
import { type Ids, type Key, SIGN_IN_TTL } from './key.ts';
import * as queries from './queries.ts';
import type { Finish, Recorder } from './record.ts';
import type { Demands, Refused, SignIn, Visit } from './sign-in.ts';
import type { Present, State } from './state.ts';

export type BeginDeps = SignInDeps & {
  readonly ids: Ids;
  readonly state: State;
  readonly record: Recorder;
  readonly finished: Finish;
};

type Known = Pick<Account, 'id' | 'passwordVersion'>;

interface First {
  readonly proof: Proof;
  readonly wantsNewPassword: boolean;
}

const MISMATCH: Refused = { refused: 'mismatch' };
/** Between the proof and now the user was changed. */
const GONE: Refused = { refused: 'gone' };

export function createBegin({ db, ids, state, record, finished, accounts, policies, factors }: BeginDeps) {
  const newSignIn = (key: Key, account: Known, proofs: readonly Proof[], demands: Demands) => ({
    id: ids.idOf(key),
    accountId: account.id,
    passwordVersion: account.passwordVersion,
    proofs,
    authenticatedAt: new Date(),
    wantsNewPassword: false,
    acr: demands.acr,
    clientId: demands.clientId,
    request: demands.request ?? {},
    ttl: SIGN_IN_TTL[key.of],
  });

  /** What the first proof is worth is judged before anything is kept of it: often nothing has to be. */
  async function begin(key: Key, account: Account, first: First, demands: Demands, visit: Visit) {
    const { proof, wantsNewPassword } = first;
    const signIn = { ...newSignIn(key, account, [proof], demands), wantsNewPassword };
    const expiresAt = new Date(Date.now() + signIn.ttl * 1000);
    const present = await state.judge({ ...signIn, expiresAt }, account);
    if (!present) return MISMATCH;
    if (demands.atOnce && present.signIn.state === 'full') return (await finishAtOnce(key, present, visit)) ?? GONE;
    return { ...present.signIn, expiresAt: await queries.putSignIn(db, signIn) };
  }

  async function finishAtOnce(key: Key, present: Present, visit: Visit): Promise<SignIn | undefined> {
    const { account, passwordVersion } = present;
    const who = { accountId: account.id, policyId: account.policyId, passwordVersion };
    return finished(present, visit, await queries.finishAtOnce(db, ids.idsOf(key), who));
  }

  async function refuse(
    { accountId, reason, lockedNow }: Extract<PasswordVerdict, { outcome: 'refused' }>,
    { clientId }: Demands,
    visit: Visit,
  ): Promise<Refused> {
    await record('login', accountId, visit, { reason, clientId, data: { method: 'password' } });
    if (lockedNow && accountId) await record('user.lock', accountId, visit, { reason: 'too_many_guesses', clientId });
    return MISMATCH;
  }

  return {
    async withPassword(
      key: Key,
      username: string,
      password: string,
      demands: Demands,
      visit: Visit,
    ): Promise<SignIn | Refused> {
      const verdict = await accounts.authenticate(username, password, visit.device);
      if (verdict.outcome === 'refused') return refuse(verdict, demands, visit);
      const { account, wantsNewPassword } = verdict;
      if (demands.accountId !== undefined && demands.accountId !== account.id) {
        const { clientId } = demands;
        await record('login', account.id, visit, { reason: 'another_account', clientId, data: { method: 'password' } });
        return MISMATCH;
      }
      return begin(key, account, { proof: 'password', wantsNewPassword }, demands, visit);
    },

    async withPasskey(
      key: Key,
      response: unknown,
      demands: Demands,
      visit: Visit,
      binding: string,
    ): Promise<SignIn | Refused> {
      const found = await factors.webauthn.verify(binding, response, demands.accountId);
      const account = found && (await accounts.find(found.accountId));
      const reason = await (async () => {
        if (!account) return 'unknown_passkey';
        if (account.disabled) return 'disabled';
        return (await policies.get(account.policyId)).primary.webauthn.allowed ? undefined : 'forbidden_by_policy';
      })();
      if (!account || reason !== undefined) {
        await record('login', account?.id, visit, { reason, clientId: demands.clientId, data: { method: 'webauthn' } });
        return MISMATCH;
      }
      return begin(key, account, { proof: 'webauthn', wantsNewPassword: false }, demands, visit);
    },

    /** Begins with what a living session has proved; what it proved last week is as old as it is. */
    async stepUp(
      key: Key,
      proved: { accountId: string; amr: readonly string[]; authTime: number },
      demands: Demands,
    ): Promise<SignIn | Refused> {
      const account = await accounts.find(proved.accountId);
      if (!account) return MISMATCH;
      const signIn = newSignIn(key, account, proofsOf(proved.amr), demands);
      await queries.beginSignIn(db, { ...signIn, authenticatedAt: new Date(proved.authTime * 1000) });
      // Meanwhile the user may have been disabled: that too is no more than a mismatch.
      return (await state.find(key))?.signIn ?? MISMATCH;
    },
  };
}
