/**
 * What happens next in a sign-in: one dispatcher, one file per step. Steps do not know each other: each says what the
 * person answered, and what is stored says what is still missing. Owns no table and decides no policy: what somebody has
 * proved so far is kept by `sessions/`, and only what is complete is handed to the engine.
 */
import Router from '@koa/router';
import type { Context, Middleware } from 'koa';
import type Provider from 'oidc-provider';
import { errors } from 'oidc-provider';
import type { Accounts } from '#src/accounts/index.ts';
import type { Apis } from '#src/apis/index.ts';
import { PasswordQueueFull } from '#src/crypto/index.ts';
import type { Factors } from '#src/factors/index.ts';
import { type Form, readForm, seeOther } from '#src/http/index.ts';
import type { Pages } from '#src/pages/index.ts';
import type { Policies } from '#src/policies/index.ts';
import type { BrowserSession } from '#src/provider/index.ts';
import type { Handovers, SignIn, SignIns } from '#src/sessions/index.ts';
import type { Tokens } from '#src/tokens/index.ts';
import { answerEngine, signedIn } from './answer.ts';
import { createDispatch } from './dispatch.ts';
import { handOver } from './handover.ts';
import { type Answer, type OpenInteraction, type Outcome, openInteraction, pathOf, type Step } from './step.ts';
import { stepUp } from './step-up.ts';

export interface InteractionDeps {
  readonly accounts: Accounts;
  readonly apis: Apis;
  readonly factors: Factors;
  readonly pages: Pages;
  readonly policies: Policies;
  readonly handovers: Handovers;
  /** The login application that stands in for our pages. */
  readonly loginUrl: string | undefined;
  readonly signIns: SignIns;
  readonly tokens: Tokens;
  /** The engine as it is now. */
  readonly provider: () => Provider;
  /** Who is signed in at the browser that sent this request. */
  readonly sessionOf: (ctx: Context) => Promise<BrowserSession | undefined>;
  /** Opens and commits the request's unit of work. */
  readonly unitOfWork: Middleware;
  /** Whether a link to a new password can be sent. */
  readonly canResetPassword: boolean;
}

const CANCELLED: Answer = { error: 'access_denied', error_description: 'End-User aborted interaction' };

export function createInteractions(deps: InteractionDeps): Middleware {
  const { pages, signIns } = deps;
  const dispatch = createDispatch(deps);

  const router = new Router();
  router.use(expiredIsAPage(pages), deps.unitOfWork);
  if (deps.loginUrl !== undefined) router.use('/login/:uid', handOver(deps, deps.loginUrl));

  router.get('/login/:uid', async (ctx) => {
    const opened = await openInteraction(deps, ctx);
    const found = { ...opened, signIn: await signIns.find(opened.key) };
    const interaction = await stepUp(deps, ctx, found);
    const begun = !found.signIn && interaction.signIn;
    if (begun && begun.state === 'full') return goOn(ctx, interaction, begun);
    const problem = 'moved_on' in ctx.query ? ({ code: 'moved_on' } as const) : undefined;
    return dispatch.due(interaction, ctx.query.by).show(ctx, interaction, { problem });
  });

  router.post('/login/:uid', async (ctx) => {
    const opened = await openInteraction(deps, ctx);
    const form = await readForm(ctx as Parameters<typeof readForm>[0]);
    if (!pages.sameOrigin(ctx) || !pages.csrf.verify(opened.details.uid, form.csrf)) {
      return errorPage(pages, ctx, 'form_refused', 403);
    }
    if (form.action === 'cancel' || form.action === 'switch') {
      await signIns.abandon(opened.key);
      if (form.action === 'cancel') return answerEngine(ctx, opened, CANCELLED);
      return dispatch.login.show(ctx, { ...opened, signIn: undefined }, { switching: true });
    }
    // Who gives a name begins anew, whatever was proved here before.
    const signIn = form.username === undefined ? await signIns.find(opened.key) : undefined;
    return settle(ctx, { ...opened, signIn }, form);
  });

  return router.routes() as Middleware;

  async function settle(ctx: Context, interaction: OpenInteraction, form: Form): Promise<void> {
    const step = dispatch.answered(interaction, form);
    const outcome = await submit(step, interaction, form);
    if ('again' in outcome) return step.show(ctx, interaction, outcome.again);
    if ('answer' in outcome) return answerEngine(ctx, interaction, outcome.answer);
    if ('refused' in outcome) return moveOn(ctx, interaction);
    if (!('signIn' in outcome)) return goOn(ctx, interaction, outcome);
    const { signIn, recoveryCodes: codes } = outcome;
    if (!codes) return goOn(ctx, interaction, signIn);
    return dispatch.recoveryCodes.show(ctx, { ...interaction, signIn }, { codes });
  }

  /**
   * One proof nearer; the next page has an address of its own, so that it can be reloaded. Only here does a sign-in become
   * an answer to the engine, and so a session: when nothing is asked any more, once.
   */
  async function goOn(ctx: Context, interaction: OpenInteraction, signIn: SignIn): Promise<void> {
    if (isTooOld(interaction, signIn)) {
      await signIns.abandon(interaction.key);
      return moveOn(ctx, interaction);
    }
    if (signIn.state === 'partial') return seeOther(ctx, pathOf(interaction));
    const finished = signIn.finished ? signIn : await signIns.finish(interaction.key, interaction.visit);
    if (!finished) return moveOn(ctx, interaction);
    return answerEngine(ctx, interaction, await signedIn(deps.accounts, ctx, interaction, finished));
  }

  /** The form was of an earlier page: on to wherever the sign-in is now, which may be over. */
  async function moveOn(ctx: Context, interaction: OpenInteraction): Promise<void> {
    const { result, returnTo } = await deps.provider().interactionDetails(ctx.req, ctx.res);
    return seeOther(ctx, result?.login ? returnTo : `${pathOf(interaction)}?moved_on`);
  }
}

/** However short max_age is, this long a person may take from the first proof to the last. */
const LEAST_SECONDS = 300;

/** The engine asks for max_age once: an answer that has grown old while it was given would pass. */
function isTooOld({ params }: OpenInteraction, { authTime }: SignIn): boolean {
  if (params.max_age === undefined) return false;
  return Math.floor(Date.now() / 1000) - authTime > Math.max(Number(params.max_age), LEAST_SECONDS);
}

async function submit(step: Step, interaction: OpenInteraction, form: Form): Promise<Outcome> {
  try {
    return await step.submit(interaction, form);
  } catch (error) {
    if (!(error instanceof PasswordQueueFull)) throw error;
    const typed = typeof form.username === 'string' ? { username: form.username } : {};
    return { again: { ...typed, switching: form.switched !== undefined, problem: { code: 'busy' } } };
  }
}

/** An interaction opened too late, twice, or in another browser: the engine finds none. */
function expiredIsAPage(pages: Pages): Middleware {
  return async (ctx, next) => {
    try {
      await next();
    } catch (error) {
      if (!(error instanceof errors.SessionNotFound)) throw error;
      errorPage(pages, ctx, 'sign_in_expired', 400);
    }
  };
}

function errorPage(pages: Pages, ctx: Context, code: string, status: number): void {
  pages.render(ctx, 'error', { code, requestId: String(ctx.state.requestId) }, status);
}
