import { field } from '#src/http/index.ts';
import type { FormProblem } from '#src/pages/index.ts';
import type { AccountDeps } from '../index.ts';
import { type AccountPage, REFUSED, type Visit } from '../page.ts';
import { refusal } from '../refusal.ts';

/** Apart from the name, because whoever owns the address can have the password replaced: it takes a fresh proof. */
export function emailPage({ accounts, pages }: AccountDeps): AccountPage {
  async function show({ ctx, account, own }: Visit, typed?: { email: string; problem: FormProblem }): Promise<void> {
    const data = { ...own, email: typed?.email ?? account.email, problem: typed?.problem };
    pages.render(ctx, 'account-email', data, typed ? REFUSED : 200);
  }

  return {
    path: '/account/email',
    fresh: true,
    show,
    async submit(visit, form) {
      const { account } = visit;
      const email = field(form, 'email').trim();
      const problem = await refusal('email', () => accounts.updateOwnProfile(account.id, { email: email || null }));
      await visit.record('account.update', { reason: problem && 'invalid', data: { members: ['email'] } });
      if (!problem) return { to: '/account/profile', done: 'email-saved' };
      await show(visit, { email, problem });
      return undefined;
    },
  };
}
