/**
 * Around everything the engine does: one unit of work, committed before the answer leaves, and our own errors said in the
 * protocol's words. The answer of a request whose unit could not be written is replaced: it must not promise anything.
 */
import type { Context, Middleware } from 'koa';
import { Unavailable } from '#src/db/index.ts';
import { fromOf, Problem } from '#src/http/index.ts';
import { GuardFailed } from '#src/tokens/index.ts';
import type { ProviderDeps } from './deps.ts';
import { settleLostRace } from './lost-races.ts';

const RETRY_AFTER_SECONDS = '1';

export interface Refusal {
  readonly status: number;
  readonly error: string;
  readonly description: string;
}

interface WithClient {
  readonly oidc?: { readonly client?: { readonly clientId: string } };
}

/** @param answerPage renders a refusal for a browser */
export function unitOfWork(
  deps: Pick<ProviderDeps, 'audit' | 'tokens'>,
  answerPage: (ctx: Context, refusal: Refusal) => void,
): Middleware {
  const { tokens } = deps;
  return async (ctx, next) => {
    try {
      // A refusal is kept too: a code that was presented twice must end what it gave (RFC 6749 §4.1.2).
      await tokens.units.run(
        () => {
          tokens.units.open().from = fromOf(ctx);
          return next();
        },
        () => ctx.status < 500,
      );
    } catch (error) {
      const refusal = refusalFor(error);
      if (!refusal) throw error;
      const repeated = error instanceof GuardFailed ? await settleLostRace(ctx, deps, error) : undefined;
      if (repeated) answerAgain(ctx, repeated);
      else refuse(ctx, refusal, answerPage);
    }
    ctx.state.clientId = (ctx as Context & WithClient).oidc?.client?.clientId;
    if (ctx.status === 503) ctx.set('Retry-After', RETRY_AFTER_SECONDS);
  };
}

function refusalFor(error: unknown): Refusal | undefined {
  if (error instanceof GuardFailed) {
    return { status: 400, error: 'invalid_grant', description: 'grant request is invalid' };
  }
  if (error instanceof Unavailable) {
    return { status: 503, error: 'temporarily_unavailable', description: 'please try again' };
  }
  if (error instanceof Problem && error.status < 500) {
    return { status: error.status, error: 'invalid_request', description: describe(error) };
  }
  return undefined;
}

/** Names the member, in the characters that an error_description may have (RFC 6749 §5.2). */
function describe({ message, errors }: Problem): string {
  const faults = errors.map(({ path, message: fault }) => `${path} ${fault}`.trim());
  return [message, ...faults].join('; ').replace(/[^\x20-\x21\x23-\x5b\x5d-\x7e]/g, '?');
}

function answerAgain(ctx: Context, response: object): void {
  ctx.status = 200;
  ctx.body = response;
}

function refuse(ctx: Context, refusal: Refusal, answerPage: (ctx: Context, refusal: Refusal) => void): void {
  ctx.status = refusal.status;
  ctx.remove('Set-Cookie');
  ctx.remove('Location');
  ctx.set('Cache-Control', 'no-store');
  if (ctx.accepts('json', 'html') === 'html') answerPage(ctx, refusal);
  else ctx.body = { error: refusal.error, error_description: refusal.description };
}
