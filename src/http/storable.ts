import { answerProblem } from './errors.ts';
import { malformed } from './problem.ts';
import type { Context, Middleware } from './state.ts';
import { decodePairs, decodeStrictly } from './text.ts';

/**
 * Refuses request targets that decode to what Postgres cannot store (NUL) or that do not decode at all. Done once for
 * every route: a lookup by such a value would be a database error in the middle of a batch of other requests' lookups.
 */
export function refuseUnstorable(): Middleware {
  return async (ctx, next) => {
    const fault = findFault(ctx.originalUrl);
    if (fault) answer(ctx, fault);
    else await next();
  };
}

function findFault(target: string): { path: string; message: string } | undefined {
  const [path = '', ...query] = target.split('?');
  if (path.split('/').some((segment) => decodeStrictly(segment) === undefined)) {
    return { path: '', message: 'the path is not valid percent-encoded UTF-8, or contains NUL' };
  }
  for (const [name, value] of decodePairs(query.join('?'))) {
    if (name === undefined || value === undefined) {
      // An error_description allows few characters (RFC 6749 §5.2): a stranger name is not repeated.
      const shown = name && /^[\w.~-]{1,64}$/.test(name) ? name : '';
      return { path: shown, message: `parameter ${shown} is not valid percent-encoded UTF-8, or contains NUL` };
    }
  }
  return undefined;
}

function answer(ctx: Context, fault: { path: string; message: string }): void {
  const path = ctx.path.toLowerCase();
  ctx.status = 400;
  if (path.startsWith('/api')) {
    answerProblem(ctx, malformed('the request target cannot be read', [fault]));
  } else if (path.startsWith('/oauth')) {
    ctx.body = { error: 'invalid_request', error_description: fault.message };
  } else {
    ctx.body = `Bad request: ${fault.message}\n`;
  }
}
