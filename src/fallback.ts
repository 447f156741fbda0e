/** What is left: the front page, what nobody answers, and what went wrong outside the API and the protocol endpoints. */
import type { Context, Middleware } from 'koa';
import type { Logger } from 'pino';
import { PasswordQueueFull } from './crypto/index.ts';
import { Unavailable } from './db/index.ts';
import { Problem } from './http/index.ts';
import type { Pages } from './pages/index.ts';

export function home(pages: Pages): Middleware {
  return async (ctx, next) => {
    if (ctx.path !== '/' || (ctx.method !== 'GET' && ctx.method !== 'HEAD')) return next();
    pages.render(ctx, 'home', {});
  };
}

export function notFound(pages: Pages): Middleware {
  return async (ctx) => {
    if (ctx.accepts('json', 'html') === 'html') pages.render(ctx, 'not-found', {}, 404);
    else answerJson(ctx, 404, 'not_found', 'there is nothing at this path');
  };
}

export function failures({ pages, log }: { pages: Pages; log: Pick<Logger, 'error' | 'warn'> }): Middleware {
  return async (ctx, next) => {
    try {
      await next();
    } catch (error) {
      const { status, code, description } = describe(error);
      if (status === 500) log.error({ err: error, request_id: ctx.state.requestId }, 'a request failed');
      if (status === 503) {
        log.warn({ err: error, request_id: ctx.state.requestId }, 'a request could not be answered now');
        ctx.set('Retry-After', '1');
      }
      if (ctx.accepts('json', 'html') === 'html') {
        const requestId = String(ctx.state.requestId);
        pages.render(ctx, 'error', { code, detail: description, requestId }, status);
      } else {
        answerJson(ctx, status, code, description);
      }
    }
  };
}

/** What a person sees when there are too many requests: made without Koa, which is what has no room. */
export function overloadedPage(pages: Pages): (requestId: string) => { headers: Record<string, string>; body: string } {
  return (requestId) => {
    const headers: Record<string, string> = { 'Content-Type': 'text/html; charset=utf-8' };
    const page = { body: '', status: 503, type: 'html', set: (more: object) => Object.assign(headers, more) };
    pages.render(page, 'error', { code: 'temporarily_unavailable', detail: 'please try again', requestId }, 503);
    return { headers, body: page.body };
  };
}

function describe(error: unknown): { status: number; code: string; description: string | undefined } {
  if (error instanceof Unavailable || error instanceof PasswordQueueFull) {
    return { status: 503, code: 'temporarily_unavailable', description: 'please try again' };
  }
  if (error instanceof Problem && error.status < 500) {
    return { status: error.status, code: 'invalid_request', description: error.message };
  }
  // The reason is in the log under the request id; nobody else needs it.
  return { status: 500, code: 'server_error', description: undefined };
}

function answerJson(ctx: Context, status: number, error: string, description: string | undefined): void {
  ctx.status = status;
  ctx.body = { error, ...(description !== undefined && { error_description: description }) };
}
