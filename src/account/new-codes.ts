import type { Factors } from '#src/factors/index.ts';
import type { Pages } from '#src/pages/index.ts';
import type { Next, Visit } from './page.ts';

interface CodesDeps {
  readonly factors: Pick<Factors, 'recoveryCodes'>;
  readonly pages: Pick<Pages, 'render'>;
}

/** Shown in the answer that made them: nothing that could be loaded again may hold them. */
export async function showNewCodes({ factors, pages }: CodesDeps, visit: Visit): Promise<void> {
  const codes = await factors.recoveryCodes.generate(visit.account.id);
  await show(pages, visit, codes);
}

async function show(pages: CodesDeps['pages'], visit: Visit, codes: string[]): Promise<void> {
  await visit.record('recovery_codes.generate');
  pages.render(visit.ctx, 'account-new-codes', { ...visit.own, codes });
}

/** After a second factor was added. */
export async function withFirstCodes(
  { factors, pages }: CodesDeps,
  visit: Visit,
  next: Next,
): Promise<Next | undefined> {
  const codes = await factors.recoveryCodes.generateIfNone(visit.account.id);
  if (!codes) return next;
  await show(pages, visit, codes);
  return undefined;
}
