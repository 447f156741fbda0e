import type { Factors } from '#src/factors/index.ts';
import type { Pages } from '#src/pages/index.ts';
import type { Next, Visit } from './page.ts';

interface CodesDeps {
  readonly factors: Pick<Factors, 'of' | 'recoveryCodes'>;
  readonly pages: Pick<Pages, 'render'>;
}

/** Shown in the answer that made them: nothing that could be loaded again may hold them. */
export async function showNewCodes({ factors, pages }: CodesDeps, visit: Visit): Promise<void> {
  const codes = await factors.recoveryCodes.generate(visit.account.id);
  await visit.record('recovery_codes.generate');
  pages.render(visit.ctx, 'account-new-codes', { ...visit.own, codes });
}

/** After a second factor was added. Who has one holds recovery codes, so that losing it is not losing the account. */
export async function withFirstCodes(deps: CodesDeps, visit: Visit, next: Next): Promise<Next | undefined> {
  const { recoveryCodesLeft } = await deps.factors.of(visit.account.id);
  if (recoveryCodesLeft > 0) return next;
  await showNewCodes(deps, visit);
  return undefined;
}
