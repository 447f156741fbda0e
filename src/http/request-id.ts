import { randomUUID } from 'node:crypto';
import type { Middleware } from './state.ts';

/** Sane enough to be repeated in a header and a log line. */
const SANE = /^[\w.:~-]{1,128}$/;

/** Names the request in the log and the answer. A name from outside is believed only of a proxy that the operator trusts. */
export function requestId({ trustProxy }: { trustProxy: boolean }): Middleware {
  return async (ctx, next) => {
    const inbound = ctx.get('x-request-id');
    ctx.state.requestId = trustProxy && SANE.test(inbound) ? inbound : randomUUID();
    ctx.set('X-Request-Id', ctx.state.requestId);
    await next();
  };
}
