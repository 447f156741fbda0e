/**
 * The metadata documents and the key set: the same for everybody, and read by every verifier that starts. The engine
 * renders each of them once; the bytes of its answer are the answer from then on. They are kept with the engine that
 * rendered them, and it is built anew whenever the keys change, here or at another instance.
 */
import { createHash } from 'node:crypto';
import type { Context, Middleware } from 'koa';
import { hasCopy } from '#src/http/index.ts';
import { routes } from './routes.ts';

/** What a key set that was fetched before a key was revoked is good for at most, wherever it is cached. */
const KEYS_MAX_AGE_S = 300;

/** Each in its one spelling, with what the engine does not say of it: how long a cache may keep it. */
const DOCUMENTS: ReadonlyMap<string, Readonly<Record<string, string>>> = new Map([
  ['/.well-known/openid-configuration', {}],
  ['/.well-known/oauth-authorization-server', {}],
  [routes.jwks, { 'Cache-Control': `public, max-age=${KEYS_MAX_AGE_S}` }],
]);

interface Rendered {
  readonly body: Buffer;
  readonly etag: string;
  readonly headers: Readonly<Record<string, string>>;
}

/** In front of the engine, which is asked for what is not rendered yet, and for everything else. */
export function published(): Middleware {
  const known = new Map<string, Rendered>();

  return async (ctx, next) => {
    const also = ctx.method === 'GET' || ctx.method === 'HEAD' ? DOCUMENTS.get(ctx.path) : undefined;
    if (!also) return next();
    let document = known.get(ctx.path);
    if (!document) {
      await next();
      if (ctx.status !== 200) return;
      document = rendered(ctx, also);
      known.set(ctx.path, document);
    }
    answer(ctx, document);
  };
}

function rendered(ctx: Context, also: Readonly<Record<string, string>>): Rendered {
  const body = Buffer.from(JSON.stringify(ctx.body));
  const etag = `"${createHash('sha256').update(body).digest('base64url')}"`;
  return { body, etag, headers: { 'Content-Type': ctx.response.get('Content-Type'), ETag: etag, ...also } };
}

function answer(ctx: Context, { body, etag, headers }: Rendered): void {
  // Pages of any origin may read them, and are told so as the engine would.
  ctx.vary('Origin');
  ctx.set({ ...headers, 'Access-Control-Allow-Origin': ctx.get('Origin') || '*' });
  if (hasCopy(ctx.get('If-None-Match'), etag)) ctx.status = 304;
  else ctx.body = body;
}
