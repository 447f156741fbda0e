/**
 * What happens next in a sign-in: one dispatcher, one file per step. Steps do not know each other: each says what the
 * person answered, and the engine, asked again, says what is still missing. Owns no table and decides no policy.
 */
import Router from '@koa/router';
import type { Context, Middleware } from 'koa';
import type Provider from 'oidc-provider';
import { errors } from 'oidc-provider';
import type { Accounts } from '#src/accounts/index.ts';
import type { Apis } from '#src/apis/index.ts';
import { type Form, readForm } from '#src/http/index.ts';
import type { Pages } from '#src/pages/index.ts';
import type { Tokens } from '#src/tokens/index.ts';
import { consentStep } from './consent.ts';
import { loginStep } from './login.ts';
import { type Answer, type OpenInteraction, openInteraction, type Step } from './step.ts';

export interface InteractionDeps {
  readonly accounts: Accounts;
  readonly apis: Apis;
  readonly pages: Pages;
  readonly tokens: Tokens;
  /** The engine as it is now. */
  readonly provider: () => Provider;
  /** Opens and commits the request's unit of work. */
  readonly unitOfWork: Middleware;
}

const CANCELLED: Answer = { error: 'access_denied', error_description: 'End-User aborted interaction' };

export function createInteractions(deps: InteractionDeps): Middleware {
  const { pages } = deps;
  const steps: Record<string, Step> = { login: loginStep(deps), consent: consentStep(deps) };

  /** From what the engine still misses and what the person pressed to the step that deals with it. */
  function next({ details }: OpenInteraction, form: Form | undefined): Step {
    const wantsLogin = form?.action === 'switch' || typeof form?.username === 'string';
    const step = steps[wantsLogin ? 'login' : details.prompt.name];
    if (!step) throw new Error(`the engine asks for ${details.prompt.name}, which no step answers`);
    return step;
  }

  const router = new Router();
  router.use(expiredIsAPage(pages), deps.unitOfWork);

  router.get('/login/:uid', async (ctx) => {
    const interaction = await openInteraction(deps, ctx);
    await next(interaction, undefined).show(ctx, interaction, {});
  });

  router.post('/login/:uid', async (ctx) => {
    const interaction = await openInteraction(deps, ctx);
    const form = await readForm(ctx as Parameters<typeof readForm>[0]);
    if (!pages.sameOrigin(ctx) || !pages.csrf.verify(interaction.details.uid, form.csrf)) {
      return errorPage(pages, ctx, 'form_refused', 403);
    }
    const step = next(interaction, form);
    if (form.action === 'switch') return step.show(ctx, interaction, { switching: true });
    const answer = form.action === 'cancel' ? CANCELLED : await step.submit(ctx, interaction, form);
    if (answer) await goOn(ctx, deps.provider(), answer);
  });

  return router.routes() as Middleware;
}

/** Hands the answer to the engine, which decides what comes next when the browser returns to it. */
async function goOn(ctx: Context, provider: Provider, answer: Answer): Promise<void> {
  const returnTo = await provider.interactionResult(ctx.req, ctx.res, answer, { mergeWithLastSubmission: true });
  ctx.status = 303;
  ctx.redirect(returnTo);
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
