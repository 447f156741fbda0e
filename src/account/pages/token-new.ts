import type { Api } from '#src/apis/index.ts';
import { type Form, field, fromOf, seeOther } from '#src/http/index.ts';
import type { FormProblem } from '#src/pages/index.ts';
import { type MadePat, type PatLimits, scopesOffered } from '#src/pats/index.ts';
import type { AccountDeps } from '../index.ts';
import { recordOf } from '../own-pats.ts';
import { type AccountPage, REFUSED, type Visit } from '../page.ts';
import { patProblem } from '../pat-problem.ts';

const LIST = '/account/tokens';
const NO_SUCH_API: FormProblem = { field: 'audience', words: 'There is no such API any more. Please choose one.' };

interface Chosen {
  readonly api: Api;
  /** Is there another to choose? */
  readonly others: boolean;
}

interface Typed {
  readonly name: string;
  readonly ticked: readonly string[];
  readonly days: string;
  readonly format: 'opaque' | 'jwt';
}

/**
 * Without a script the scopes on offer cannot follow the API that is chosen, so the API is chosen first. The value is in
 * the answer that made it: nothing that could be loaded again may hold it.
 */
export function tokenNewPage({ apis, pages, pats }: AccountDeps): AccountPage {
  /** What people have registered here comes first: it is what most tokens are for. */
  async function offered(): Promise<Api[]> {
    const asOffered = (api: Api): Api => ({ ...api, scopes: scopesOffered(api) });
    const all = (await apis.all()).map(asOffered).filter(({ scopes }) => scopes.length > 0);
    return all.sort((a, b) => Number(a.builtIn) - Number(b.builtIn));
  }

  function showForm({ ctx, own }: Visit, chosen: Chosen, { maxDays }: PatLimits, typed: Typed, problem?: FormProblem) {
    const data = { ...own, ...chosen, ...typed, maxDays, problem };
    pages.render(ctx, 'account-token-new', data, problem ? REFUSED : 200);
  }

  async function make({ account, ctx, record }: Visit, audience: string, typed: Typed): Promise<MadePat | FormProblem> {
    const { name, ticked: scopes, days, format } = typed;
    // Number('') is 0 and Number('1e1') is 10: neither is what was typed.
    const expiresInDays = /^\d{1,6}$/.test(days) ? Number(days) : Number.NaN;
    try {
      const made = await pats.create(account.id, { name, scopes, audience, expiresInDays, format }, fromOf(ctx));
      await record('pat.create', { data: recordOf(made.pat) });
      return made;
    } catch (error) {
      const { problem, reason } = patProblem(error);
      await record('pat.create', { reason, data: { audience } });
      return problem;
    }
  }

  /** The API that was asked for, or the only one; undefined when the page to choose one was shown instead. */
  async function choose({ ctx, own }: Visit, asked: string): Promise<Chosen | undefined> {
    const all = await offered();
    const only = all.length === 1 && !asked ? all[0] : undefined;
    const api = only ?? all.find(({ identifier }) => identifier === asked);
    if (api) return { api, others: all.length > 1 };
    const problem = asked ? NO_SUCH_API : undefined;
    pages.render(ctx, 'account-token-api', { ...own, apis: all, problem }, problem ? REFUSED : 200);
    return undefined;
  }

  return {
    path: '/account/tokens/new',
    fresh: true,
    async show(visit) {
      const limits = await pats.limitsFor(visit.account.id);
      if (!limits.enabled) return seeOther(visit.ctx, LIST);
      const chosen = await choose(visit, String(visit.ctx.query.audience ?? ''));
      const blank: Typed = { name: '', ticked: [], days: String(limits.defaultDays), format: 'opaque' };
      if (chosen) showForm(visit, chosen, limits, blank);
    },
    async submit(visit, form) {
      const limits = await pats.limitsFor(visit.account.id);
      if (!limits.enabled) return { to: LIST };
      const chosen = await choose(visit, field(form, 'audience'));
      if (!chosen) return undefined;
      const typed = typedIn(form);
      const made = await make(visit, chosen.api.identifier, typed);
      if ('words' in made) showForm(visit, chosen, limits, typed, made);
      else showMade(visit, made, chosen.api.name);
      return undefined;
    },
  };

  function showMade({ ctx, own }: Visit, { pat, token }: MadePat, api: string): void {
    const data = { ...own, token, name: pat.name, api, expiresAt: pat.expiresAt, oldUntil: undefined };
    pages.render(ctx, 'account-token-made', data);
  }
}

function typedIn(form: Form): Typed {
  return {
    name: field(form, 'name').trim(),
    ticked: [form.scope ?? []].flat(),
    days: field(form, 'days').trim(),
    format: form.format === 'jwt' ? 'jwt' : 'opaque',
  };
}
