import type { Context as AnyContext } from 'koa';

const LONGEST_USER_AGENT = 256;

/**
 * Where a request came from, for the record and for the person whose sessions it lists. The address is the connection's,
 * or what a trusted proxy says; the program's name is what it says of itself, and believed for nothing.
 */
export function fromOf(ctx: Pick<AnyContext, 'ip' | 'get'>): { ip: string | undefined; userAgent: string | undefined } {
  const userAgent = ctx
    .get('user-agent')
    .replace(/[^\x20-\x7e]/g, '?')
    .slice(0, LONGEST_USER_AGENT);
  return { ip: ctx.ip.replace(/^::ffff:/, '') || undefined, userAgent: userAgent || undefined };
}
