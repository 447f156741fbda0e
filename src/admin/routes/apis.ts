import { z } from 'zod';
import type { Api, ApiSettings, Apis } from '#src/apis/index.ts';
import { accessTokenLifetime } from '#src/oauth/lifetimes.ts';
import { found } from '../found.ts';
import { patchOf, seconds, timestamp } from '../members.ts';
import { mergePatch } from '../merge-patch.ts';
import { pageOf, pageQuery, readPage } from '../pages.ts';
import { parse } from '../parse.ts';
import { type AnyRoute, route } from '../route.ts';

const shown = (max: number) =>
  z
    .string()
    .max(max)
    .regex(/^[^\p{Cc}]*$/u, 'must not contain control characters');
const identifier = z
  .string()
  .min(1)
  .max(500)
  .meta({ description: 'Absolute URI without fragment, compared exactly (RFC 8707)' });
const format = z.enum(['opaque', 'jwt']);
const alg = z.enum(['ES256', 'RS256', 'Ed25519']);

const settings = {
  name: shown(200).min(1),
  scopes: z
    .array(z.strictObject({ name: z.string().min(1).max(200), description: shown(500).optional() }))
    .max(500)
    .optional(),
  access_token_format: format.optional().meta({ default: 'opaque' }),
  signing_alg: alg.optional().meta({ default: 'ES256' }),
  access_token_ttl: seconds().optional(),
  include_jti: z.boolean().optional().meta({ default: true, description: 'JWT access tokens have a jti' }),
  include_status: z.boolean().optional().meta({
    default: true,
    description: 'JWT access tokens refer to a Token Status List, for verifiers that are offline',
  }),
  introspection_clients: z
    .array(z.string().min(1).max(128))
    .max(200)
    .optional()
    .meta({ description: "Who may introspect, besides the token's own client" }),
};

const newApi = z.strictObject({ identifier, ...settings }).meta({ id: 'NewApi' });
const changedApi = z.strictObject(settings);
const apiPatch = patchOf(settings).meta({ id: 'ApiPatch' });

const api = z
  .object({
    identifier: z.string(),
    name: z.string(),
    scopes: z.array(z.object({ name: z.string(), description: z.string() })),
    access_token_format: format,
    signing_alg: alg,
    access_token_ttl: seconds().nullable(),
    effective: z
      .object({ access_token_ttl: seconds().meta({ description: 'Seconds; a client that says less is obeyed' }) })
      .meta({ id: 'ApiLifetimes', description: 'What counts: what the API says, else the default of this server' }),
    include_jti: z.boolean(),
    include_status: z.boolean(),
    introspection_clients: z.array(z.string()),
    built_in: z.boolean().meta({ description: 'This API itself: it cannot be changed or deleted' }),
    created_at: timestamp,
    updated_at: timestamp,
  })
  .meta({ id: 'Api' });

const apiPage = pageOf('ApiPage', api);

/** An identifier is a URI: in a path it is percent-encoded as a whole. */
export function apiRoutes(apis: Apis): AnyRoute[] {
  return [
    route({
      method: 'GET',
      path: '/apis',
      scope: 'apis:read',
      summary: 'List APIs',
      query: pageQuery,
      status: 200,
      result: apiPage,
      handle: ({ query }) => readPage(apis.list, query, toWire),
    }),
    route({
      method: 'POST',
      path: '/apis',
      scope: 'apis:write',
      summary: 'Register an API',
      audit: 'api.create',
      target: (_, made) => made && `api:${made.identifier}`,
      body: newApi,
      status: 201,
      result: api,
      location: (made) => `/apis/${encodeURIComponent(made.identifier)}`,
      handle: async ({ body: { identifier, ...given } }) =>
        toWire(await apis.create({ identifier, ...toSettings(given) })),
    }),
    route({
      method: 'GET',
      path: '/apis/:identifier',
      scope: 'apis:read',
      summary: 'Read an API',
      status: 200,
      result: api,
      handle: async ({ params }) => toWire(found('API', await apis.find(params.identifier))),
    }),
    route({
      method: 'PATCH',
      path: '/apis/:identifier',
      scope: 'apis:write',
      summary: 'Change an API',
      audit: 'api.update',
      target: ({ identifier }) => `api:${identifier}`,
      details: ({ body }) => ({ members: Object.keys(body) }),
      body: apiPatch,
      status: 200,
      result: api,
      async handle({ params, body }) {
        const change = (present: Api) => toSettings(parse(changedApi, mergePatch(toEditable(present), body)));
        return toWire(await apis.update(params.identifier, change));
      },
    }),
    route({
      method: 'DELETE',
      path: '/apis/:identifier',
      scope: 'apis:write',
      summary: 'Delete an API',
      audit: 'api.delete',
      target: ({ identifier }) => `api:${identifier}`,
      status: 204,
      handle: ({ params }) => apis.remove(params.identifier),
    }),
  ];
}

function toSettings(wire: z.output<typeof changedApi>): ApiSettings {
  return {
    name: wire.name,
    scopes: (wire.scopes ?? []).map(({ name, description = '' }) => ({ name, description })),
    accessTokenFormat: wire.access_token_format ?? 'opaque',
    signingAlg: wire.signing_alg ?? 'ES256',
    accessTokenTtl: wire.access_token_ttl,
    includeJti: wire.include_jti ?? true,
    includeStatus: wire.include_status ?? true,
    introspectionClients: wire.introspection_clients ?? [],
  };
}

/** The document that a merge patch is applied to. */
function toEditable(present: Api): z.output<typeof changedApi> {
  return {
    name: present.name,
    scopes: [...present.scopes],
    access_token_format: present.accessTokenFormat,
    signing_alg: present.signingAlg,
    access_token_ttl: present.accessTokenTtl,
    include_jti: present.includeJti,
    include_status: present.includeStatus,
    introspection_clients: [...present.introspectionClients],
  };
}

function toWire(present: Api): z.output<typeof api> {
  return {
    identifier: present.identifier,
    name: present.name,
    scopes: [...present.scopes],
    access_token_format: present.accessTokenFormat,
    signing_alg: present.signingAlg,
    access_token_ttl: present.accessTokenTtl ?? null,
    effective: { access_token_ttl: accessTokenLifetime(present.accessTokenTtl) },
    include_jti: present.includeJti,
    include_status: present.includeStatus,
    introspection_clients: [...present.introspectionClients],
    built_in: present.builtIn,
    created_at: present.createdAt.toISOString(),
    updated_at: present.updatedAt.toISOString(),
  };
}
