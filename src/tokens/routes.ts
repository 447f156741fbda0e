/** `GET /status/:list`: status lists, for anybody. What they say of a token only its holder can tell. */
import type { Middleware } from 'koa';
import { hasCopy, methodNotAllowed } from '#src/http/index.ts';
import type { StatusLists } from './status-lists.ts';

const PATH = /^\/status\/(0|[1-9]\d{0,8})$/;

export function statusRoutes(lists: StatusLists): Middleware {
  return async (ctx, next) => {
    const list = PATH.exec(ctx.path)?.[1];
    if (list === undefined) return next();
    if (ctx.method !== 'GET' && ctx.method !== 'HEAD') {
      ctx.set('Allow', 'GET, HEAD');
      throw methodNotAllowed(['GET', 'HEAD']);
    }
    const found = await lists.read(Number(list));
    if (!found) return next();
    // Verifiers in browsers too (Token Status List, "Status List Request").
    ctx.set('Access-Control-Allow-Origin', '*');
    ctx.set('Cache-Control', `public, max-age=${secondsLeft(found)}`);
    ctx.set('ETag', found.etag);
    ctx.type = 'application/statuslist+jwt';
    ctx.status = 200;
    if (hasCopy(ctx.get('If-None-Match'), found.etag)) ctx.status = 304;
    else ctx.body = found.jwt;
  };
}

/** A cache must not hand a copy on when no verifier would believe it any more. */
function secondsLeft({ readAt, ttl }: { readAt: number; ttl: number }): number {
  return Math.max(0, ttl - Math.ceil((Date.now() - readAt) / 1000));
}
