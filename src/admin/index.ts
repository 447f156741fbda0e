/**
 * The admin API under /api/v1: routes over the capabilities, their OpenAPI document and a page that shows it. Owns the
 * wire: shapes, status codes, who may call what. Owns no rule and no table.
 *
 * Each operation is one entry of a table (`route.ts`), from which the router and the OpenAPI document are both made.
 */
import Router, { type RouterMiddleware } from '@koa/router';
import type { Logger } from 'pino';
import { z } from 'zod';
import type { Accounts } from '#src/accounts/index.ts';
import type { Apis } from '#src/apis/index.ts';
import type { Clients } from '#src/clients/index.ts';
import { methodNotAllowed, problems } from '#src/http/index.ts';
import type { Keys } from '#src/keys/index.ts';
import type { Authenticate } from './authorize.ts';
import { DOCS_CSP, docsPage } from './docs-page.ts';
import { openApiOf } from './openapi.ts';
import { type AnyRoute, route } from './route.ts';
import { BASE, nothingHere, routerOf } from './router.ts';
import { apiRoutes } from './routes/apis.ts';
import { clientSecretRoutes } from './routes/client-secrets.ts';
import { clientRoutes } from './routes/clients.ts';
import { grantRoutes } from './routes/grants.ts';
import { keyRoutes } from './routes/keys.ts';
import { type OwnedTokenRouteDeps, ownedTokenRoutes } from './routes/owned-tokens.ts';
import { revocationRuleRoutes } from './routes/revocation-rules.ts';
import { type TokenRouteDeps, tokenRoutes } from './routes/tokens.ts';
import { userRoutes } from './routes/users.ts';
import { translate } from './translate.ts';

export type { Authenticate, Caller } from './authorize.ts';
export { ADMIN_SCOPES, type AdminScope } from './scopes.ts';
export { translate } from './translate.ts';

export interface AdminDeps extends TokenRouteDeps, OwnedTokenRouteDeps {
  readonly issuer: string;
  readonly clients: Clients;
  readonly apis: Apis;
  readonly accounts: Accounts;
  readonly keys: Keys;
  readonly authenticate: Authenticate;
  readonly log: Pick<Logger, 'error' | 'warn'>;
}

/** Answers everything under /api; its paths are absolute. */
export function createAdmin(deps: AdminDeps): Router {
  const { issuer, clients, apis, accounts, keys, authenticate, log } = deps;
  const table: AnyRoute[] = [
    ...clientRoutes(clients),
    ...clientSecretRoutes(clients),
    ...apiRoutes(apis),
    ...userRoutes(accounts),
    ...tokenRoutes(deps),
    ...ownedTokenRoutes(deps),
    ...grantRoutes(deps),
    ...revocationRuleRoutes(deps.revocationRules),
    ...keyRoutes(keys),
    openApiRoute(() => document),
  ];
  const document = openApiOf(table, { issuer, base: BASE });
  const page = docsPage(document, `${BASE}/openapi.json`);

  const router = new Router();
  router.use(['/api', '/api/{*rest}'], problems({ log, translate }) as RouterMiddleware);
  router.get('/api/docs', (ctx) => {
    ctx.set('Content-Security-Policy', DOCS_CSP);
    ctx.type = 'html';
    ctx.body = page;
  });
  router.all('/api/docs', () => {
    throw methodNotAllowed(['GET', 'HEAD']);
  });
  router.use(routerOf(table, authenticate).routes());
  router.all(['/api', '/api/{*rest}'], nothingHere as RouterMiddleware);
  return router;
}

function openApiRoute(document: () => object): AnyRoute {
  return route({
    method: 'GET',
    path: '/openapi.json',
    scope: undefined,
    summary: 'This document',
    status: 200,
    result: z.record(z.string(), z.unknown()).meta({ id: 'OpenApi' }),
    handle: () => ({ ...document() }),
  });
}
