import type { Middleware } from 'koa';
import { readForm } from '#src/http/index.ts';
import { routes } from './routes.ts';

const AUTHORIZE = new RegExp(`^${routes.authorization}/?$`, 'i');

/**
 * Authorization requests may be posted (OpenID Connect Core §3.1.2.1). The engine takes posts only with SameSite=None
 * cookies, which would send the session along with every foreign form. Instead the request is repeated as a GET: then the
 * browser navigates, and the Lax session cookie comes along.
 */
export const authorizeByPost: Middleware = async (ctx, next) => {
  if (ctx.method !== 'POST' || !AUTHORIZE.test(ctx.path) || !ctx.is('application/x-www-form-urlencoded')) return next();
  const query = new URLSearchParams();
  for (const [name, values] of Object.entries(await readForm(ctx as Parameters<typeof readForm>[0]))) {
    for (const value of [values].flat()) query.append(name, value as string);
  }
  ctx.status = 303;
  ctx.redirect(`${routes.authorization}?${query}`);
};
