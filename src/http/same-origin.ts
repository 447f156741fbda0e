import type { Context } from 'koa';

/**
 * Whether a request was not caused by another site. The browser writes both headers and no page can change them; what sends
 * neither is a program, or a browser so old that form posts are left to their CSRF token. `same-site` is refused too: a
 * neighbouring subdomain is not us.
 */
export function isSameOrigin(ctx: Pick<Context, 'get'>, origin: string): boolean {
  const site = ctx.get('Sec-Fetch-Site');
  if (site === 'cross-site' || site === 'same-site') return false;
  const sender = ctx.get('Origin');
  // "null" is what sandboxed frames and data: documents send, so it fails here like any other foreign origin.
  return sender === '' || sender === origin;
}
