import type { Context } from 'koa';

/** To a page of its own (RFC 9110 §15.4.4): loading that again does nothing a second time. */
export function redirectTo(ctx: Context, address: string): void {
  ctx.redirect(address);
  ctx.status = 303;
}
