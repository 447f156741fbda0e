import { field } from '#src/http/index.ts';
import { NotFound } from '#src/oauth/problems.ts';
import type { AccountDeps } from '../index.ts';
import { ownPasskey } from '../own-passkey.ts';
import { type AccountPage, REFUSED } from '../page.ts';
import { refusal } from '../refusal.ts';

/** One passkey, to rename it. Its name opens nothing: no fresh proof. */
export function passkeyPage({ factors, pages }: AccountDeps): AccountPage {
  return {
    path: '/account/passkeys/:id',
    fresh: false,
    async show({ ctx, params, account, own }) {
      const passkey = ownPasskey(await factors.of(account.id), params.id);
      pages.render(ctx, 'account-passkey', { ...own, passkey });
    },
    async submit(visit, form) {
      const { ctx, params, account, own } = visit;
      const passkey = ownPasskey(await factors.of(account.id), params.id);
      const name = field(form, 'name').trim();
      const problem = await refusal('name', async () => {
        if (!(await factors.webauthn.rename(account.id, passkey.id, name))) throw new NotFound('passkey');
      });
      await visit.record('passkey.rename', { reason: problem && 'invalid', data: { passkey: passkey.id } });
      if (!problem) return { to: '/account/passkeys', done: 'passkey-renamed' };
      pages.render(ctx, 'account-passkey', { ...own, passkey: { ...passkey, name }, problem }, REFUSED);
      return undefined;
    },
  };
}
