import { field, fromOf, seeOther } from '#src/http/index.ts';
import type { FormProblem } from '#src/pages/index.ts';
import type { MadePat, Pat } from '#src/pats/index.ts';
import type { AccountDeps } from '../index.ts';
import { ownPat, recordOf } from '../own-pats.ts';
import { type AccountPage, REFUSED, type Visit } from '../page.ts';
import { patProblem } from '../pat-problem.ts';

const LIST = '/account/tokens';
const DAY_MS = 24 * 60 * 60 * 1000;
/** Those on offer, in seconds. */
const OVERLAPS = new Map([0, 3_600, 86_400].map((seconds) => [String(seconds), seconds]));
const KEPT = {
  expired: 'it has expired',
  revoked: 'it was revoked',
  replaced: 'it was replaced already',
  suspended: 'nothing of what it was made for is there any more',
};

const NOT_OFFERED: FormProblem = { field: 'overlap', words: 'Please choose how long the old one works.' };

/** The value of the successor is in the answer that made it, and nowhere else. */
export function tokenRotatePage({ apis, pages, pats }: AccountDeps): AccountPage {
  function showForm({ ctx, own }: Visit, pat: Pat, maxDays: number, problem?: FormProblem): void {
    const days = Math.min(maxDays, Math.ceil((+pat.expiresAt - +pat.createdAt) / DAY_MS));
    const kept = pat.status === 'live' ? pat.replacedAt && KEPT.replaced : KEPT[pat.status];
    const data = { ...own, pat: { id: pat.id, name: pat.name, days }, kept, problem };
    pages.render(ctx, 'account-token-rotate', data, problem ? REFUSED : 200);
  }

  async function rotate({ account, ctx, record }: Visit, id: string, overlap: number): Promise<MadePat | FormProblem> {
    try {
      const made = await pats.rotate(account.id, id, { overlap }, fromOf(ctx));
      await record('pat.rotate', { data: { pat_id: id, overlap, successor: recordOf(made.pat) } });
      return made;
    } catch (error) {
      const { problem, reason } = patProblem(error);
      await record('pat.rotate', { reason, data: { pat_id: id } });
      return problem;
    }
  }

  async function showMade({ ctx, own }: Visit, old: Pat, { pat, token }: MadePat, overlap: number): Promise<void> {
    const api = (await apis.find(pat.audience))?.name ?? pat.audience;
    const oldUntil = overlap ? new Date(Math.min(+old.expiresAt, +pat.createdAt + overlap * 1000)) : null;
    const data = { ...own, token, name: pat.name, api, expiresAt: pat.expiresAt, oldUntil };
    pages.render(ctx, 'account-token-made', data);
  }

  return {
    path: '/account/tokens/:id/rotate',
    fresh: true,
    async show(visit) {
      const { account, ctx, params } = visit;
      const { enabled, maxDays } = await pats.limitsFor(account.id);
      if (!enabled) return seeOther(ctx, LIST);
      showForm(visit, await ownPat(pats, account.id, params.id), maxDays);
    },
    async submit(visit, form) {
      const { account, params } = visit;
      const { enabled, maxDays } = await pats.limitsFor(account.id);
      if (!enabled) return { to: LIST };
      const old = await ownPat(pats, account.id, params.id);
      const overlap = OVERLAPS.get(field(form, 'overlap'));
      const made = overlap === undefined ? NOT_OFFERED : await rotate(visit, old.id, overlap);
      // What stood against it may have happened meanwhile: read anew.
      if ('words' in made) showForm(visit, await ownPat(pats, account.id, old.id), maxDays, made);
      else await showMade(visit, old, made, overlap ?? 0);
      return undefined;
    },
  };
}
