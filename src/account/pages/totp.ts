import { isLastFactor } from '#src/factors/index.ts';
import { type Form, field } from '#src/http/index.ts';
import type { FormProblem } from '#src/pages/index.ts';
import { mayRemove, proveIn } from '#src/sessions/index.ts';
import type { AccountDeps } from '../index.ts';
import { withFirstCodes } from '../new-codes.ts';
import { type AccountPage, type Next, REFUSED, type Visit } from '../page.ts';
import { removeOwn } from '../remove-own.ts';

const PATH = '/account/totp';
const PROBLEMS = {
  refused: 'That code is not right. Wait for the next one, check that your phone shows the right time, and try again.',
  malformed: 'The code is the six digits that your app shows.',
  expired: 'That took too long. Please remove the entry from your app and scan this new code.',
};

/** The secret of an app being set up travels with the form, sealed: nothing is stored before a code confirms it. */
export function totpPage(deps: AccountDeps): AccountPage {
  const { factors, pages, policies } = deps;

  function showSetUp({ ctx, account, own }: Visit, enrolment?: string, outcome?: keyof typeof PROBLEMS): void {
    const resumed = enrolment === undefined ? undefined : factors.totp.resume(account, enrolment);
    const problem: FormProblem | undefined = outcome && { field: 'code', words: PROBLEMS[outcome] };
    const begun = resumed ?? factors.totp.begin(account);
    pages.render(ctx, 'account-totp-set-up', { ...own, ...begun, problem }, problem ? REFUSED : 200);
  }

  async function show(visit: Visit): Promise<void> {
    const { ctx, account, own } = visit;
    const enrolled = await factors.of(account.id);
    if (!enrolled.totp) return showSetUp(visit);
    const kept = mayRemove(await policies.get(account.policyId), account, enrolled, 'totp');
    const takesRecoveryCodes = isLastFactor(enrolled) && enrolled.recoveryCodesLeft > 0;
    pages.render(ctx, 'account-totp', { ...own, ...enrolled.totp, kept, takesRecoveryCodes });
  }

  async function confirm(visit: Visit, form: Form): Promise<Next | undefined> {
    const enrolment = field(form, 'enrolment');
    const outcome = await factors.totp.confirm(visit.account.id, enrolment, field(form, 'code'));
    // Set up in another tab meanwhile.
    if (outcome === 'exists') return { to: PATH };
    if (outcome === 'confirmed') {
      await proveIn(deps.sessionList, visit.session, 'totp');
      await visit.record('totp.enroll');
      return withFirstCodes(deps, visit, { to: PATH, done: 'totp-on' });
    }
    if (outcome === 'refused') await visit.record('totp.enroll', { reason: 'wrong_totp' });
    showSetUp(visit, enrolment, outcome);
    return undefined;
  }

  async function remove(visit: Visit): Promise<Next> {
    const outcome = await removeOwn(deps, visit, { type: 'totp', id: 'totp' });
    return outcome === 'removed' ? { to: '/account', done: 'totp-off' } : { to: PATH };
  }

  return {
    path: PATH,
    fresh: true,
    show,
    submit: (visit, form) => (form.action === 'remove' ? remove(visit) : confirm(visit, form)),
  };
}
