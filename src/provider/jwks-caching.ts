import type { Middleware } from 'koa';
import { routes } from './routes.ts';

/** What a key set that was fetched before a key was revoked is good for at most, wherever it is cached. */
const MAX_AGE_S = 300;

/** The engine leaves it to the cache how long to keep the key set. */
export const jwksCaching: Middleware = async (ctx, next) => {
  await next();
  if (ctx.path === routes.jwks && ctx.status === 200) ctx.set('Cache-Control', `public, max-age=${MAX_AGE_S}`);
};
