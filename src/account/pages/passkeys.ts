import type { AccountDeps } from '../index.ts';
import type { AccountPage } from '../page.ts';

export function passkeysPage({ factors, pages }: AccountDeps): AccountPage {
  return {
    path: '/account/passkeys',
    fresh: false,
    async show({ ctx, account, own }) {
      const { passkeys } = await factors.of(account.id);
      pages.render(ctx, 'account-passkeys', { ...own, passkeys });
    },
  };
}
