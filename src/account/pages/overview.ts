import { connectedApps } from '../connected.ts';
import { everyPage } from '../every-page.ts';
import type { AccountDeps } from '../index.ts';
import { countLiving } from '../own-pats.ts';
import type { AccountPage } from '../page.ts';

export function overviewPage(deps: AccountDeps): AccountPage {
  const { factors, pages, sessionList } = deps;
  return {
    path: '/account',
    fresh: false,
    async show({ ctx, account, own }) {
      const [enrolled, sessions, connected, tokens] = await Promise.all([
        factors.of(account.id),
        everyPage((page) => sessionList.list(account.id, page)),
        connectedApps(deps, account.id),
        countLiving(deps, account.id),
      ]);
      pages.render(ctx, 'account-overview', {
        ...own,
        name: account.name,
        email: account.email,
        password: account.hasPassword ? { changedAt: account.passwordChangedAt } : undefined,
        totp: enrolled.totp,
        passkeys: enrolled.passkeys.length,
        recoveryCodesLeft: enrolled.recoveryCodesLeft,
        sessions: sessions.length,
        apps: connected.length,
        tokens,
      });
    },
  };
}
