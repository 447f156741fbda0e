import type { Context } from './state.ts';

/** To a page of its own (RFC 9110 §15.4.4): loading that again does nothing a second time. */
export function seeOther(ctx: Pick<Context, 'redirect' | 'status'>, address: string): void {
  ctx.redirect(address);
  ctx.status = 303;
}
