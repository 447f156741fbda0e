import type { Middleware } from 'koa';
import { readForm } from '#src/http/index.ts';

/**
 * Reads form bodies before the engine does: with our limit, refusing what cannot be stored, and with a JWT presented as
 * `token` exchanged for a reference to its row. Bodies of another type are left for the engine to refuse.
 */
export function forms(exchangeToken: (token: string, how: { toRevoke: boolean }) => Promise<string>): Middleware {
  return async (ctx, next) => {
    if (ctx.method === 'POST' && ctx.is('application/x-www-form-urlencoded')) {
      const form: Record<string, unknown> = { ...(await readForm(ctx as Parameters<typeof readForm>[0])) };
      if (typeof form.token === 'string') {
        form.token = await exchangeToken(form.token, { toRevoke: isRevocation(ctx.path) });
      }
      // The engine takes a parsed form from here when the stream has been read.
      Object.assign(ctx.req, { body: form });
    }
    await next();
  };
}

/** Routes match in any case and with a slash behind, as the engine's do. */
const isRevocation = (path: string): boolean => /^\/oauth\/revoke\/?$/i.test(path);
