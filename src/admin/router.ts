import Router, { type RouterMiddleware } from '@koa/router';
import {
  type Context,
  hasBody,
  type Middleware,
  malformed,
  methodNotAllowed,
  notFound,
  readJson,
} from '#src/http/index.ts';
import { type Authenticate, authorize, nameOf } from './authorize.ts';
import { parse, parseQuery } from './parse.ts';
import type { AnyRoute } from './route.ts';

export const BASE = '/api/v1';

/** The table as a router: authorization first, then the request's shape, then the handler. */
export function routerOf(table: readonly AnyRoute[], authenticate: Authenticate): Router {
  const router = new Router({ prefix: BASE });
  for (const route of table) {
    router.register(route.path, [route.method], answer(route, authenticate) as RouterMiddleware);
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

function answer(route: AnyRoute, authenticate: Authenticate): Middleware {
  return async (ctx) => {
    const caller = route.scope ? await authorize(ctx, authenticate, route.scope) : undefined;
    const by = caller ? nameOf(caller) : 'anybody';
    const scopes = caller?.scopes ?? new Set<string>();
    const query = readQuery(route, ctx);
    const body = await readBody(route, ctx);
    const { params } = ctx as Context & { params: Record<string, string> };
    const result = await route.handle({ params, query, body, by, scopes });
    const location = route.location?.(result, params);
    ctx.status = route.location && location === undefined ? 200 : route.status;
    ctx.set('Cache-Control', 'no-store');
    if (location !== undefined) ctx.set('Location', BASE + location);
    if (route.status !== 204) ctx.body = result;
  };
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
