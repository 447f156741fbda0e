import { field } from '#src/http/index.ts';
import type { AccountDeps } from '../index.ts';
import { ownPat, shownPats } from '../own-pats.ts';
import type { AccountPage, Next, Visit } from '../page.ts';

const PATH = '/account/tokens';

/** Somebody's personal access tokens. Revoking takes no fresh proof: who finds a stranger's use should not have to wait. */
export function tokensPage(deps: AccountDeps): AccountPage {
  const { pages, pats } = deps;

  async function revokeAll({ account, record }: Visit): Promise<Next> {
    const revoked = await pats.revokeAll(account.id, `user:${account.id}`);
    await record('pat.revoke_all', { data: { revoked } });
    return { to: PATH, done: 'tokens-revoked' };
  }

  return {
    path: PATH,
    fresh: false,
    async show({ ctx, account, own }) {
      const { enabled } = await pats.limitsFor(account.id);
      const shown = enabled ? await shownPats(deps, account.id) : { living: [], ended: [] };
      const why = pats.limits.enabled ? 'forbidden' : 'off';
      pages.render(ctx, 'account-tokens', { ...own, ...shown, none: enabled ? undefined : why });
    },
    async submit(visit, form) {
      if (form.action === 'revoke-all') return revokeAll(visit);
      const { account } = visit;
      const { id } = await ownPat(pats, account.id, field(form, 'token'));
      // Done twice, it is as done as once.
      if (await pats.revoke(account.id, id, `user:${account.id}`))
        await visit.record('pat.revoke', { data: { pat_id: id } });
      return { to: PATH, done: 'token-revoked' };
    },
  };
}
