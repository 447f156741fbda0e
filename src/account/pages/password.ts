import { type Form, field } from '#src/http/index.ts';
import type { FormProblem } from '#src/pages/index.ts';
import type { AccountDeps } from '../index.ts';
import { newPasswordOf, typedTwice } from '../new-password.ts';
import { type AccountPage, REFUSED, type Visit } from '../page.ts';
import { refusal } from '../refusal.ts';

const WRONG: FormProblem = { field: 'current', words: 'That is not your current password.' };
const LOCKED: FormProblem = {
  field: 'current',
  words: 'There were too many wrong attempts. Please wait a while before you try again.',
};

/** The current password is proof enough to change it; where there is none, setting one takes a fresh sign-in. */
export function passwordPage({ accounts, pages, policies, sessionList }: AccountDeps): AccountPage {
  async function show({ ctx, account, own }: Visit, problem?: FormProblem): Promise<void> {
    const { updb } = (await policies.get(account.policyId)).primary;
    const state = account.hasPassword ? 'change' : 'set';
    const data = {
      ...own,
      state: updb.allowed ? state : 'forbidden',
      changedAt: account.passwordChangedAt,
      rules: updb,
      problem,
    } as const;
    pages.render(ctx, 'account-password', data, problem ? REFUSED : 200);
  }

  /** Guesses of the current password are counted for this session alone. */
  async function change(visit: Visit, form: Form): Promise<FormProblem | undefined> {
    const { account, session } = visit;
    let wrong: FormProblem | undefined;
    const refused = await refusal('new_password', async () => {
      const [current, next] = [field(form, 'current'), newPasswordOf(form)];
      const verdict = await accounts.changePassword(account.id, current, next, session.uid);
      if (verdict.outcome === 'right') return;
      wrong = verdict.reason === 'locked' ? LOCKED : WRONG;
      await visit.record('password.change', { reason: verdict.reason });
      if (verdict.lockedNow) await visit.record('user.lock', { reason: 'too_many_guesses' });
    });
    if (refused) await visit.record('password.change', { reason: 'invalid' });
    return refused ?? wrong;
  }

  async function set(visit: Visit, form: Form): Promise<FormProblem | undefined> {
    const problem = await refusal('new_password', () => accounts.setPassword(visit.account.id, newPasswordOf(form)));
    if (problem) await visit.record('password.change', { reason: 'invalid' });
    return problem;
  }

  return {
    path: '/account/password',
    fresh: ({ hasPassword }) => !hasPassword,
    show,
    async submit(visit, form) {
      const { account, session } = visit;
      const { updb } = (await policies.get(account.policyId)).primary;
      if (!updb.allowed) return { to: '/account/password' };
      const problem = typedTwice(form) ?? (await (account.hasPassword ? change : set)(visit, form));
      if (problem) {
        await show(visit, problem);
        return undefined;
      }
      // Whoever knew the old one may be signed in with it somewhere.
      await sessionList.endAll(account.id, { except: session.uid });
      await visit.record('password.change');
      return { to: '/account/password', done: account.hasPassword ? 'password-changed' : 'password-set' };
    },
  };
}
