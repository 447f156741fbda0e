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
import type { Audit } from '#src/audit/index.ts';
import type { Clients } from '#src/clients/index.ts';
import type { Factors } from '#src/factors/index.ts';
import { methodNotAllowed, problems } from '#src/http/index.ts';
import type { Keys } from '#src/keys/index.ts';
import type { Pats } from '#src/pats/index.ts';
import type { Policies } from '#src/policies/index.ts';
import type { ApiSessions, SignIns } from '#src/sessions/index.ts';
import type { SessionList, Tokens } from '#src/tokens/index.ts';
import type { Webhooks } from '#src/webhooks/index.ts';
import { DOCS_CSP, docsPage } from './docs-page.ts';
import { openApiOf } from './openapi.ts';
import { type AnyRoute, route } from './route.ts';
import { BASE, nothingHere, type RouterDeps, routerOf } from './router.ts';
import { apiRoutes } from './routes/apis.ts';
import { auditRoutes } from './routes/audit.ts';
import { authPolicyRoutes } from './routes/auth-policies.ts';
import { type AuthenticateRouteDeps, authenticateRoutes } from './routes/authenticate.ts';
import { authenticateAnswerRoutes } from './routes/authenticate-answers.ts';
import { authenticateEnrolmentRoutes } from './routes/authenticate-enrolments.ts';
import { type AuthenticatorRouteDeps, authenticatorRoutes } from './routes/authenticators.ts';
import { type AuthorizationRouteDeps, authorizationRoutes } from './routes/authorizations.ts';
import { clientSecretRoutes } from './routes/client-secrets.ts';
import { clientRoutes } from './routes/clients.ts';
import { grantRoutes } from './routes/grants.ts';
import { keyRoutes } from './routes/keys.ts';
import { meRoutes } from './routes/me.ts';
import { meAuthenticatorRoutes } from './routes/me-authenticators.ts';
import { meEnrolmentRoutes } from './routes/me-enrolments.ts';
import { mePatRoutes } from './routes/me-pats.ts';
import { meSessionRoutes } from './routes/me-sessions.ts';
import { type OwnedTokenRouteDeps, ownedTokenRoutes } from './routes/owned-tokens.ts';
import { patRoutes } from './routes/pats.ts';
import { presentedPatRoutes } from './routes/presented-pats.ts';
import { revocationRuleRoutes } from './routes/revocation-rules.ts';
import { sessionRoutes } from './routes/session.ts';
import { type TokenRouteDeps, tokenRoutes } from './routes/tokens.ts';
import { type UserSessionRouteDeps, userSessionRoutes } from './routes/user-sessions.ts';
import { userRoutes } from './routes/users.ts';
import { webhookDeliveryRoutes } from './routes/webhook-deliveries.ts';
import { webhookSecretRoutes } from './routes/webhook-secrets.ts';
import { webhookRoutes } from './routes/webhooks.ts';
import { translate } from './translate.ts';

export type { Authenticate, AuthenticatePat, Caller } from './authorize.ts';
export { translate } from './translate.ts';

export interface AdminDeps
  extends RouterDeps,
    TokenRouteDeps,
    OwnedTokenRouteDeps,
    AuthenticatorRouteDeps,
    UserSessionRouteDeps,
    AuthenticateRouteDeps,
    AuthorizationRouteDeps {
  readonly clients: Clients;
  readonly apis: Apis;
  readonly accounts: Accounts;
  readonly keys: Keys;
  readonly pats: Pats;
  readonly policies: Policies;
  readonly audit: Audit;
  readonly factors: Factors;
  readonly signIns: SignIns;
  readonly apiSessions: ApiSessions;
  readonly sessionList: SessionList;
  readonly tokens: Tokens;
  readonly webhooks: Webhooks;
  readonly log: Pick<Logger, 'error' | 'warn'>;
}

/** Answers everything under /api; its paths are absolute. */
export function createAdmin(deps: AdminDeps): Router {
  const { issuer, clients, apis, keys, log } = deps;
  const table: AnyRoute[] = [
    ...clientRoutes(clients),
    ...clientSecretRoutes(clients),
    ...apiRoutes(apis),
    ...authPolicyRoutes(deps.policies),
    ...userRoutes(deps),
    ...authenticatorRoutes(deps),
    ...userSessionRoutes(deps),
    ...tokenRoutes(deps),
    ...ownedTokenRoutes(deps),
    ...grantRoutes(deps),
    ...presentedPatRoutes(deps),
    ...patRoutes(deps),
    ...revocationRuleRoutes(deps.revocationRules),
    ...webhookRoutes(deps.webhooks),
    ...webhookSecretRoutes(deps.webhooks),
    ...webhookDeliveryRoutes(deps.webhooks),
    ...keyRoutes(keys),
    ...auditRoutes(deps.audit),
    ...authenticateRoutes(deps),
    ...authenticateAnswerRoutes(deps),
    ...authenticateEnrolmentRoutes(deps),
    ...sessionRoutes(deps),
    ...meRoutes(deps),
    ...meAuthenticatorRoutes(deps),
    ...meEnrolmentRoutes(deps),
    ...meSessionRoutes(deps),
    ...mePatRoutes(deps),
    ...authorizationRoutes(deps),
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
  router.use(routerOf(table, deps).routes());
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
