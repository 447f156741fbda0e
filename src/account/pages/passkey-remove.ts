import { NotFound } from '#src/oauth/problems.ts';
import { mayRemove } from '#src/sessions/index.ts';
import type { AccountDeps } from '../index.ts';
import { isLastFactor } from '../last-factor.ts';
import { ownPasskey } from '../own-passkey.ts';
import type { AccountPage, Visit } from '../page.ts';

export function passkeyRemovePage({ factors, pages, policies }: AccountDeps): AccountPage {
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
      const { account, ctx } = visit;
      const { passkey, kept } = await look(visit);
      const data = { passkey: passkey.id };
      if (kept) {
        await visit.record('passkey.remove', { reason: 'demanded', data });
        return { to: ctx.path };
      }
      if (!(await factors.webauthn.remove(account.id, passkey.id))) throw new NotFound('passkey');
      await visit.record('passkey.remove', { data });
      return { to: '/account/passkeys', done: 'passkey-removed' };
    },
  };
}
