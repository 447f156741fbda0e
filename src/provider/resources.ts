/**
 * Resource indicators (RFC 8707): which API a token is for, and which of its scopes the client may have. What a client
 * was not granted is an error that names it; the engine alone would drop it in silence.
 */
import { errors, type KoaContextWithOIDC, type ResourceServer } from 'oidc-provider';
import type { Api, Apis } from '#src/apis/index.ts';
import type { EngineClient } from './client-metadata.ts';
import { splitScopes } from './scopes.ts';

type ClientLike = unknown;

export function resourceIndicators(apis: Apis) {
  return {
    enabled: true,
    defaultResource: (ctx: KoaContextWithOIDC, client: ClientLike, oneOf?: string[]) =>
      defaultResource(apis, ctx, client as EngineClient, oneOf),
    getResourceServerInfo: (ctx: KoaContextWithOIDC, resource: string, client: ClientLike) =>
      resourceServerInfo(apis, ctx, resource, client as EngineClient),
    // A token asked for with an API's scopes is for that API, `openid` beside them or not.
    useGrantedResource: () => true,
  };
}

/** Without `resource`: the API, or in an authorization request the APIs, that the scopes asked for belong to. */
async function defaultResource(
  apis: Apis,
  ctx: KoaContextWithOIDC,
  client: EngineClient,
  oneOf: string[] | undefined,
): Promise<string | string[] | undefined> {
  // Several APIs were authorized and the request names none: the engine refuses an undecided list with invalid_target.
  if (oneOf) return oneOf;
  if (!asksForScopes(ctx)) return undefined;
  refuseUngranted(ctx, client);
  const { api: wanted } = splitScopes(scopeParam(ctx));
  const candidates = await apis.defining(wanted);
  const definesAll = candidates.filter((api) => wanted.every((name) => defines(api, name)));
  if (wanted.length > 0 && definesAll.length === 1) return definesAll[0]?.identifier;

  const owners = wanted.map((name) => ({ name, apis: candidates.filter((api) => defines(api, name)) }));
  const unknown = owners.filter((scope) => scope.apis.length === 0).map(({ name }) => name);
  if (unknown.length > 0) throw new errors.InvalidScope('no API defines the requested scope', unknown.join(' '));
  if (owners.some((scope) => scope.apis.length > 1)) {
    throw new errors.InvalidTarget('several APIs define a requested scope, name one as resource');
  }
  const identifiers = [...new Set(owners.flatMap((scope) => scope.apis.map(({ identifier }) => identifier)))];
  return identifiers.length > 0 ? identifiers : undefined;
}

const defines = (api: Api, scope: string) => api.scopes.some(({ name }) => name === scope);

async function resourceServerInfo(
  apis: Apis,
  ctx: KoaContextWithOIDC,
  resource: string,
  client: EngineClient,
): Promise<ResourceServer> {
  const api = await apis.find(resource);
  const granted = api?.scopes.map(({ name }) => name).filter((name) => client.granted_scopes.includes(name)) ?? [];
  if (!api || granted.length === 0) {
    throw new errors.InvalidTarget('the resource is unknown, or none of its scopes is granted to this client');
  }
  if (asksForScopes(ctx)) {
    refuseUngranted(ctx, client);
    await refuseForeign(apis, ctx);
  }
  return toResourceServer(api, granted);
}

function toResourceServer(api: Api, granted: string[]): ResourceServer {
  return {
    scope: granted.join(' '),
    audience: api.identifier,
    ...(api.accessTokenTtl !== undefined && { accessTokenTTL: api.accessTokenTtl }),
    accessTokenFormat: api.accessTokenFormat,
    jwt: { sign: { alg: api.signingAlg } },
  };
}

/** Where `scope` is a wish. At the code exchange there is none, at the refresh it narrows what was already granted. */
function asksForScopes(ctx: KoaContextWithOIDC): boolean {
  const grantType = ctx.oidc.params?.grant_type;
  return grantType === undefined || grantType === 'client_credentials' || grantType === 'password';
}

const scopeParam = (ctx: KoaContextWithOIDC) => ctx.oidc.params?.scope as string | undefined;

function refuseUngranted(ctx: KoaContextWithOIDC, client: EngineClient): void {
  const { oidc, api } = splitScopes(scopeParam(ctx));
  if (ctx.oidc.params?.grant_type === 'client_credentials' && oidc.length > 0) {
    throw new errors.InvalidScope('there is no user in this grant', oidc.join(' '));
  }
  const refused = [...oidc, ...api].filter((name) => !client.granted_scopes.includes(name));
  if (refused.length > 0)
    throw new errors.InvalidScope('requested scope is not granted to this client', refused.join(' '));
}

/** Every API scope must belong to one of the APIs named as resource. */
async function refuseForeign(apis: Apis, ctx: KoaContextWithOIDC): Promise<void> {
  const resource = ctx.oidc.params?.resource as string | string[] | undefined;
  const named = await Promise.all([resource ?? []].flat().map((identifier) => apis.find(identifier)));
  const defined = new Set(named.flatMap((api) => api?.scopes.map(({ name }) => name) ?? []));
  const foreign = splitScopes(scopeParam(ctx)).api.filter((name) => !defined.has(name));
  if (foreign.length > 0)
    throw new errors.InvalidScope('requested scope is not one of the resource', foreign.join(' '));
}
