import { field } from '#src/http/index.ts';
import type { FormProblem } from '#src/pages/index.ts';
import type { AccountDeps } from '../index.ts';
import { type AccountPage, REFUSED, type Visit } from '../page.ts';
import { refusal } from '../refusal.ts';

export function profilePage({ accounts, pages }: AccountDeps): AccountPage {
  async function show({ ctx, account, own }: Visit, typed?: { name: string; problem: FormProblem }): Promise<void> {
    const data = { ...own, name: typed?.name ?? account.name, email: account.email, problem: typed?.problem };
    pages.render(ctx, 'account-profile', data, typed ? REFUSED : 200);
  }

  return {
    path: '/account/profile',
    fresh: false,
    show,
    async submit(visit, form) {
      const { account } = visit;
      const name = field(form, 'name').trim();
      const problem = await refusal('name', () => accounts.updateOwnProfile(account.id, { name: name || null }));
      await visit.record('account.update', { reason: problem && 'invalid', data: { members: ['name'] } });
      if (!problem) return { to: '/account/profile', done: 'name-saved' };
      await show(visit, { name, problem });
      return undefined;
    },
  };
}
