import { isLastFactor } from '#src/factors/index.ts';
import { NotFound } from '#src/oauth/problems.ts';
import { mayRemove } from '#src/sessions/index.ts';
import type { AccountDeps } from '../index.ts';
import { ownPasskey } from '../own-passkey.ts';
import type { AccountPage, Visit } from '../page.ts';
import { removeOwn } from '../remove-own.ts';

export function passkeyRemovePage(deps: AccountDeps): AccountPage {
  const { factors, pages, policies } = deps;

  async function look({ account, params }: Visit) {
    const enrolled = await factors.of(account.id);
    const passkey = ownPasskey(enrolled, params.id);
    const kept = mayRemove(await policies.get(account.policyId), account, enrolled, 'passkey');
    return { passkey, kept, enrolled };
  }

  return {
    path: '/account/passkeys/:id/remove',
    fresh: true,
    async show(visit) {
      const { passkey, kept, enrolled } = await look(visit);
      const takesRecoveryCodes = isLastFactor(enrolled) && enrolled.recoveryCodesLeft > 0;
      pages.render(visit.ctx, 'account-passkey-remove', { ...visit.own, passkey, kept, takesRecoveryCodes });
    },
    async submit(visit) {
      const outcome = await removeOwn(deps, visit, { type: 'passkey', id: visit.params.id ?? '' });
      if (outcome === 'missing') throw new NotFound('passkey');
      return outcome === 'kept' ? { to: visit.ctx.path } : { to: '/account/passkeys', done: 'passkey-removed' };
    },
  };
}
