import type { Logger } from 'pino';
import type { Middleware } from './state.ts';

const LONGEST_PATH = 256;
/** An interaction's id is half of what its browser holds: the log shows which page it was, not whose. */
const INTERACTION = /^(\/login|\/oauth\/authorize|\/device)\/[^/]+/i;
/** Whoever holds a link to a new password may set it. */
const RESET_LINK = /^(\/account\/reset)\/[^/]+/i;
/** Whoever holds the ticket of an authorization may read what it is about. */
const TICKET = /^(\/api\/v1\/authorizations)\/[^/]+/i;

/** What somebody took for an id: a personal access token, a signing secret of a webhook, or a JWT. */
const VALUE = /mmp_[\w-]+|whsec_[\w+/=%-]+|eyJ[\w-]+\.[\w-]+\.[\w-]+/g;

/** One line per request, when its answer has left or its sender has gone. Never the query: it carries codes and hints. */
export function requestLog(log: Pick<Logger, 'info' | 'warn'>): Middleware {
  return async (ctx, next) => {
    const started = performance.now();
    const { method, path } = ctx;
    ctx.res.once('close', () => {
      const { statusCode: status, writableFinished } = ctx.res;
      const line = {
        method,
        path: masked(path).slice(0, LONGEST_PATH),
        status,
        duration_ms: Math.round((performance.now() - started) * 10) / 10,
        request_id: ctx.state.requestId,
        ...(ctx.state.clientId !== undefined && { client_id: ctx.state.clientId }),
        ...(!writableFinished && { aborted: true }),
      };
      log[status >= 500 ? 'warn' : 'info'](line, 'request');
    });
    await next();
  };
}

function masked(path: string): string {
  return path
    .replace(INTERACTION, '$1/:uid')
    .replace(RESET_LINK, '$1/:token')
    .replace(TICKET, '$1/:ticket')
    .replace(VALUE, ':token');
}
