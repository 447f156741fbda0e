import { createHash } from 'node:crypto';
import { readdirSync, readFileSync } from 'node:fs';
import { extname } from 'node:path';
import type { Middleware } from 'koa';

const PUBLIC = new URL('../../public/', import.meta.url);

export interface PublicFiles {
  /** The address of a file, which changes with its content: caches may keep it for ever. */
  urlOf(name: string): string;
  has(path: string): boolean;
  readonly serve: Middleware;
}

/** Reads public/ once. Requests are looked up among the addresses made here, so no path of theirs reaches the disk. */
export function readPublicFiles(): PublicFiles {
  const addresses = new Map<string, string>();
  const contents = new Map<string, { type: string; body: Buffer }>();
  for (const name of readdirSync(PUBLIC)) {
    const body = readFileSync(new URL(name, PUBLIC));
    const type = extname(name);
    const hash = createHash('sha256').update(body).digest('hex').slice(0, 12);
    const address = `/public/${name.slice(0, -type.length)}.${hash}${type}`;
    addresses.set(name, address);
    contents.set(address, { type, body });
  }

  return {
    urlOf(name) {
      const address = addresses.get(name);
      if (!address) throw new TypeError(`public/ holds no ${name}`);
      return address;
    },

    has: (path) => contents.has(path),

    serve(ctx, next) {
      const file = ctx.method === 'GET' || ctx.method === 'HEAD' ? contents.get(ctx.path) : undefined;
      if (!file) return next();
      ctx.set({
        'Cache-Control': 'public, max-age=31536000, immutable',
        'Content-Security-Policy': "default-src 'none'",
        'X-Content-Type-Options': 'nosniff',
      });
      ctx.type = file.type;
      ctx.body = file.body;
      return undefined;
    },
  };
}
