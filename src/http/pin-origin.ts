import type { Middleware } from './state.ts';

/**
 * The server has one name, its issuer. Whatever Host or X-Forwarded-Proto a request claims, URLs are built and cookies
 * are marked Secure by that name: a forged Host never reaches a link, and a proxy that forgets a header breaks nothing.
 */
export function pinOrigin(issuer: string): Middleware {
  const { host, protocol } = new URL(issuer);
  return async (ctx, next) => {
    ctx.req.headers.host = host;
    Object.defineProperty(ctx.request, 'protocol', { value: protocol.slice(0, -1) });
    await next();
  };
}
