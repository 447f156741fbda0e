import Router, { type RouterMiddleware } from '@koa/router';
import type { Audit, AuditEntry, Outcome } from '#src/audit/index.ts';
import {
  asProblem,
  type Context,
  fromOf,
  hasBody,
  type Middleware,
  malformed,
  methodNotAllowed,
  notFound,
  readJson,
} from '#src/http/index.ts';
import { parse, parseQuery } from './parse.ts';
import type { AnyRequest, AnyRoute } from './route.ts';
import { translate } from './translate.ts';
import { type Asker, type AskerDeps, whoAsks } from './who-asks.ts';

export const BASE = '/api/v1';

export interface RouterDeps extends AskerDeps {
  readonly audit: Pick<Audit, 'record'>;
}

/** The table as a router: authorization first, then the request's shape, then the handler and its record. */
export function routerOf(table: readonly AnyRoute[], deps: RouterDeps): Router {
  const router = new Router({ prefix: BASE });
  for (const route of table) {
    router.register(route.path, [route.method], answer(route, deps) as RouterMiddleware);
  }
  for (const [path, routes] of Map.groupBy(table, ({ path }) => path)) {
    router.all(path, () => {
      throw methodNotAllowed(routes.flatMap(({ method }) => (method === 'GET' ? ['GET', 'HEAD'] : [method])));
    });
  }
  return router;
}

/** Everything under /api that no route has taken. */
export const nothingHere: Middleware = async (ctx, next) => {
  if (!/^\/api(\/|$)/i.test(ctx.path)) return next();
  throw notFound('there is nothing at this path');
};

function answer(route: AnyRoute, deps: RouterDeps): Middleware {
  return async (ctx) => {
    const asker = await whoAsks(route, ctx, deps);
    const query = readQuery(route, ctx);
    const body = await readBody(route, ctx);
    const { params } = ctx as Context & { params: Record<string, string> };
    const from = fromOf(ctx);
    const request = { ...asker, params, query, body, from, record: ownRecord(deps.audit, asker, from) };
    const result = await recorded(route, request, deps.audit);
    const location = route.location?.(result, params);
    ctx.status = route.location && location === undefined ? 200 : route.status;
    ctx.set('Cache-Control', 'no-store');
    if (location !== undefined) ctx.set('Location', BASE + location);
    if (route.status !== 204) ctx.body = result;
  };
}

const ownRecord =
  (audit: Pick<Audit, 'record'>, { by, patId }: Asker, from: AnyRequest['from']): AnyRequest['record'] =>
  (action, { reason, data } = {}) =>
    audit.record({
      actor: by,
      action,
      target: by,
      outcome: reason === undefined ? 'success' : 'failure',
      reason,
      from,
      data: { ...data, ...(patId !== undefined && { by_pat: patId }) },
    });

/**
 * Does it, and writes down that it was done, or that it was tried.
 *
 * @throws {Unavailable} when it was done and could not be written down: it must not look done
 */
async function recorded(route: AnyRoute, request: AnyRequest, audit: Pick<Audit, 'record'>): Promise<unknown> {
  const { audit: action } = route;
  if (typeof action !== 'string') return route.handle(request);
  const record = (outcome: Outcome, result: unknown, rest: Pick<AuditEntry, 'reason' | 'data'>) => {
    const { by, from, patId } = request;
    const target = route.target?.(clipped(request.params), result, by);
    const data = { ...rest.data, ...(patId !== undefined && { by_pat: patId }) };
    return audit.record({ actor: by, action, target, outcome, from, ...rest, data });
  };
  let result: unknown;
  try {
    result = await route.handle(request);
  } catch (error) {
    const { status, title } = asProblem(error, translate);
    // Not the path: what names nothing there may be a token or a secret that somebody took for its id.
    await record('failure', undefined, { reason: `${status} ${title}` });
    throw error;
  }
  await record('success', result, { data: { ...request.params, ...route.details?.(request, result) } });
  return result;
}

/** What a path names can be as long as a path, when there is no such thing. */
const LONGEST_NAME = 256;

function clipped(params: Readonly<Record<string, string>>): Record<string, string> {
  return Object.fromEntries(Object.entries(params).map(([name, value]) => [name, value.slice(0, LONGEST_NAME)]));
}

function readQuery(route: AnyRoute, ctx: Context): unknown {
  for (const [name, value] of Object.entries(ctx.query)) {
    if (Array.isArray(value))
      throw malformed('the query is not as documented', [{ path: name, message: 'is there twice' }]);
    if (!route.query) throw malformed('the query is not as documented', [{ path: name, message: 'is not known here' }]);
  }
  return route.query && parseQuery(route.query, { ...ctx.query });
}

async function readBody(route: AnyRoute, ctx: Context): Promise<unknown> {
  if (!route.body) return undefined;
  if (route.bodyOptional && !hasBody(ctx)) return parse(route.body, {});
  return parse(route.body, await readJson(ctx));
}
