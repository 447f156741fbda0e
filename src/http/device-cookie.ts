import type { Context as AnyContext } from 'koa';

const NAME = 'mintmark_device';
const YEAR_MS = 365 * 24 * 60 * 60 * 1000;

/**
 * The cookie of a browser that somebody has signed in with before. It proves nothing: it only keeps its owner apart from
 * strangers whose guesses lock the account. Signed with the keys of the application; Secure follows the issuer.
 */
export const deviceCookie = {
  read: (ctx: Pick<AnyContext, 'cookies'>): string | undefined => ctx.cookies.get(NAME, { signed: true }),

  write(ctx: Pick<AnyContext, 'cookies'>, value: string): void {
    ctx.cookies.set(NAME, value, { signed: true, httpOnly: true, sameSite: 'lax', maxAge: YEAR_MS });
  },
};
