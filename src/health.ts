import type { Middleware } from 'koa';
import { Unavailable } from './db/index.ts';

/** `/healthz`: the process turns. `/readyz`: so does its database; a balancer keeps requests away while it does not. */
export function health({ isReady }: { isReady: () => Promise<void> }): Middleware {
  return async (ctx, next) => {
    if (ctx.path !== '/healthz' && ctx.path !== '/readyz') return next();
    ctx.set('Cache-Control', 'no-store');
    if (ctx.path === '/healthz') {
      ctx.body = { status: 'ok' };
      return;
    }
    try {
      await isReady();
      ctx.body = { status: 'ready' };
    } catch (error) {
      if (!(error instanceof Unavailable)) throw error;
      ctx.status = 503;
      ctx.set('Retry-After', '1');
      ctx.body = { status: 'unavailable', reason: 'the database cannot be reached' };
    }
  };
}
