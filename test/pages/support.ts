import { once } from 'node:events';
import type { AddressInfo } from 'node:net';
import Koa from 'koa';
import { createDigests } from '#src/crypto/index.ts';
import { createPages, type PageData, type PageName, type Pages } from '#src/pages/index.ts';

export const ISSUER = 'https://id.example';

export const pages: Pages = createPages({ issuer: ISSUER, digests: createDigests([Buffer.alloc(32, 7)]) });

/** One page as a browser receives it. */
export async function show<N extends PageName>(name: N, data: PageData[N], status?: number) {
  return answerTo('/', {}, (app) => app.use((ctx) => pages.render(ctx, name, data, status)));
}

/** One request to an application, over HTTP. */
export async function answerTo(path: string, init: RequestInit, mount: (app: Koa) => void) {
  const app = new Koa();
  app.silent = true;
  mount(app);
  const server = app.listen(0, '127.0.0.1');
  try {
    await once(server, 'listening');
    const { port } = server.address() as AddressInfo;
    const response = await fetch(`http://127.0.0.1:${port}${path}`, init);
    return { status: response.status, headers: response.headers, html: await response.text() };
  } finally {
    server.closeAllConnections();
    server.close();
  }
}
