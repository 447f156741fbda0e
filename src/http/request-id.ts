import { randomUUID } from 'node:crypto';
import type { Middleware } from './state.ts';

/** Sane enough to be repeated in a header and a log line. */
const SANE = /^[\w.:~-]{1,128}$/;

/** Names the request in the log and the answer. */
export function requestId({ trustProxy }: { trustProxy: boolean }): Middleware {
  return async (ctx, next) => {
    ctx.state.requestId = requestIdOf(ctx.get('x-request-id'), trustProxy);
    ctx.set('X-Request-Id', ctx.state.requestId);
    await next();
  };
}

/** A name from outside is believed only of a proxy that the operator trusts. */
export function requestIdOf(inbound: string, trustProxy: boolean): string {
  return trustProxy && SANE.test(inbound) ? inbound : randomUUID();
}
