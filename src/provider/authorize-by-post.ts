import type { Middleware } from 'koa';
import { malformed, readForm } from '#src/http/index.ts';
import { routes } from './routes.ts';

const AUTHORIZE = new RegExp(`^${routes.authorization}/?$`, 'i');

/** Browsers, proxies and we ourselves take no much longer headers. */
const LONGEST_LOCATION = 8_192;

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
  const location = `${routes.authorization}?${query}`;
  if (location.length > LONGEST_LOCATION)
    throw malformed('the request is too long: push it (RFC 9126), and send its request_uri');
  ctx.status = 303;
  ctx.redirect(location);
};
