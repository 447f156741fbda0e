/** What answers which request. Nothing else. */
import type { RequestListener } from 'node:http';
import Koa from 'koa';
import type { Logger } from 'pino';
import { createAccount } from './account/index.ts';
import { ADMIN_API, type Capabilities } from './capabilities.ts';
import type { Config } from './config.ts';
import { failures, home, notFound, overloadedPage } from './fallback.ts';
import { fromFirstRequest } from './from-first-request.ts';
import { health } from './health.ts';
import {
  limitInFlight,
  pinOrigin,
  refuseUnstorable,
  requestId,
  requestLog,
  securityHeaders,
  unsearched,
} from './http/index.ts';
import { createInteractions } from './interactions/index.ts';
import { narrowPath } from './narrow/index.ts';
import { statusRoutes } from './tokens/index.ts';

/** Fifty modules and their schemas, for a few requests a day. */
const API = /^\/api(\/|$)/i;

/** Everything the server answers, the busiest of it first. */
export function listener(config: Config, capabilities: Capabilities, log: Logger): RequestListener {
  const { issuer, trustProxy } = config;
  const wide = createApp(config, capabilities, log).callback();
  const inner = config.narrowPath ? narrowPath({ ...capabilities, trustProxy, log: unsearched(log) }, wide) : wide;
  const { pages } = capabilities;
  const told = { page: overloadedPage(pages), isPartOfPage: pages.isPublicFile };
  return limitInFlight({ most: config.maxInFlight, issuer, trustProxy, log: unsearched(log), ...told }, inner);
}

function createApp(config: Config, capabilities: Capabilities, log: Logger): Koa {
  const { engine, pages, pats, statusLists, tokens } = capabilities;
  // maxIpsCount: of X-Forwarded-For only the entry the trusted proxy appended; the others are what the sender claims.
  const app = new Koa({ keys: [...capabilities.cookieKeys], proxy: config.trustProxy, maxIpsCount: 1 });

  app.use(requestId(config));
  app.use(requestLog(unsearched(log)));
  app.use(securityHeaders(config));
  app.use(pinOrigin(config.issuer));
  app.use(refuseUnstorable());
  app.use(failures({ pages, log }));

  app.use(health(capabilities));
  app.use(pages.publicFiles());
  app.use(statusRoutes(statusLists));
  app.use(
    fromFirstRequest(API, async () => {
      const { createAdmin } = await import('./admin/index.ts');
      return createAdmin({
        ...capabilities,
        log,
        authenticatePat: async (value, from) => (await pats.authenticate(value, ADMIN_API, from)).pat,
        authenticate: (value) => tokens.authenticate(value, ADMIN_API),
        exchangeToken: engine.exchangeToken,
      }).routes() as Koa.Middleware;
    }),
  );
  app.use(
    createInteractions({
      ...capabilities,
      loginUrl: config.loginUrl,
      provider: engine.current,
      sessionOf: engine.sessionOf,
      unitOfWork: engine.unitOfWork,
      canResetPassword: capabilities.mail.enabled,
    }),
  );
  app.use(createAccount(capabilities));
  app.use(home(pages));
  app.use(engine.middleware);
  app.use(notFound(pages));
  return app;
}
