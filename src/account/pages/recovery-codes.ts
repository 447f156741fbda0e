import type { AccountDeps } from '../index.ts';
import { showNewCodes } from '../new-codes.ts';
import type { AccountPage } from '../page.ts';

const PATH = '/account/recovery-codes';

export function recoveryCodesPage(deps: AccountDeps): AccountPage {
  const { factors, pages } = deps;
  return {
    path: PATH,
    fresh: true,
    async show({ ctx, account, own }) {
      const { totp, passkeys, recoveryCodesLeft, recoveryCodesCreatedAt } = await factors.of(account.id);
      const hasSecondFactor = totp !== undefined || passkeys.length > 0;
      const data = { ...own, left: recoveryCodesLeft, createdAt: recoveryCodesCreatedAt, hasSecondFactor };
      pages.render(ctx, 'account-recovery-codes', data);
    },
    async submit(visit) {
      const { totp, passkeys } = await factors.of(visit.account.id);
      if (!totp && passkeys.length === 0) return { to: PATH };
      await showNewCodes(deps, visit);
      return undefined;
    },
  };
}
