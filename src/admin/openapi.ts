/** The route table as an OpenAPI 3.1 document. */
import { z } from 'zod';
import { ADMIN_SCOPES } from '#src/oauth/admin-scopes.ts';
import { FRESH_SECONDS } from '#src/sessions/index.ts';
import type { AnyRoute } from './route.ts';
import type { SessionNeed } from './session-token.ts';

export interface Operation {
  readonly operationId: string;
  readonly summary: string;
  readonly description?: string;
  readonly tags: readonly string[];
  readonly [member: string]: unknown;
}

export interface OpenApi {
  readonly openapi: '3.1.1';
  readonly info: { readonly title: string; readonly version: string; readonly description: string };
  readonly paths: Readonly<Record<string, Readonly<Record<string, Operation>>>>;
  readonly [member: string]: unknown;
}

const COMPONENTS = '#/components/schemas/';

const problem = z
  .object({
    type: z.string(),
    title: z.string(),
    status: z.int(),
    detail: z.string(),
    errors: z.array(z.object({ path: z.string(), message: z.string() })),
  })
  .meta({ id: 'Problem', description: 'RFC 9457; errors names each member that is wrong' });

/** @param base where on the server the table's paths begin */
export function openApiOf(table: readonly AnyRoute[], { issuer, base }: { issuer: string; base: string }): OpenApi {
  return {
    openapi: '3.1.1',
    info: {
      title: 'Mintmark administration',
      version: '1',
      description:
        'Unknown members are refused. PATCH is a JSON Merge Patch (RFC 7396): null takes a member away. Times are ISO 8601 in UTC, durations are seconds.',
    },
    servers: [{ url: issuer + base }],
    paths: pathsOf(table),
    components: {
      schemas: schemasOf(table),
      responses: { Problem: { description: 'No', content: { 'application/problem+json': { schema: ref(problem) } } } },
      securitySchemes: { oauth2: securityScheme(issuer), session_token: SESSION_TOKEN, personal_access_token: PAT },
    },
  };
}

function pathsOf(table: readonly AnyRoute[]): OpenApi['paths'] {
  const byPath = Map.groupBy(table, ({ path }) => (path as string).replaceAll(/:(\w+)/g, '{$1}'));
  return Object.fromEntries(
    [...byPath].map(([path, routes]) => [
      path,
      Object.fromEntries(routes.map((route) => [route.method.toLowerCase(), operationOf(route)])),
    ]),
  );
}

function operationOf(route: AnyRoute): Operation {
  const description = descriptionOf(route);
  const words = route.path.split(/[/:_-]+/).filter(Boolean);
  return {
    operationId: [route.method.toLowerCase(), ...words].join('_'),
    summary: route.summary,
    tags: [words[0] ?? ''],
    security: securityOf(route),
    ...(description && { description }),
    ...(route.session && { 'x-session-token': route.session }),
    ...(route.audit && { 'x-audit-actions': actionsOf(route.audit) }),
    parameters: [...pathParameters(route), ...queryParameters(route)],
    ...(route.body && { requestBody: requestBody(route, route.body) }),
    responses: {
      [route.status]: success(route),
      ...(route.makesNothing && { 200: { ...success(route), description: route.makesNothing, headers: {} } }),
      ...Object.fromEntries(refusals(route).map((status) => [status, { $ref: '#/components/responses/Problem' }])),
    },
  };
}

function descriptionOf({ session, description }: AnyRoute): string {
  return [session && SESSION_NEEDS[session], description].filter(Boolean).join(' ');
}

const SESSION_NEEDS: Record<SessionNeed, string> = {
  partial: 'Takes the session token of any sign-in, finished or not.',
  full: 'Takes the session token of a finished sign-in.',
  fresh: `Takes the session token of a finished sign-in of the last ${FRESH_SECONDS} seconds; of who has a second factor, one that proved it.`,
};

/** None: nothing that would be worth a record. */
function actionsOf(audit: NonNullable<AnyRoute['audit']>): readonly string[] {
  return typeof audit === 'string' ? [audit] : audit.self;
}

function refusals(route: AnyRoute): number[] {
  const changes = route.method !== 'GET';
  return [
    ...(route.query || route.body ? [400] : []),
    ...(route.scope || route.session ? [401, 403] : []),
    ...(route.path.includes(':') ? [404] : []),
    ...(changes ? [409] : []),
    ...(route.body ? [413, 415, 422] : []),
    ...(route.refuses ?? []),
    503,
  ];
}

function success(route: AnyRoute) {
  return {
    description: route.summary,
    ...(route.location && { headers: { Location: { schema: { type: 'string', format: 'uri-reference' } } } }),
    ...(route.result && { content: { 'application/json': { schema: ref(route.result) } } }),
  };
}

function requestBody(route: AnyRoute, body: z.ZodType) {
  const content = { schema: ref(body) };
  const merge = route.method === 'PATCH' && { 'application/merge-patch+json': content };
  return { required: !route.bodyOptional, content: { 'application/json': content, ...merge } };
}

function pathParameters(route: AnyRoute) {
  const names = [...route.path.matchAll(/:(\w+)/g)].map(([, name]) => name);
  return names.map((name) => ({ name, in: 'path', required: true, schema: { type: 'string' } }));
}

function queryParameters(route: AnyRoute) {
  if (!route.query) return [];
  const { properties = {} } = z.toJSONSchema(route.query);
  return Object.entries(properties).map(([name, schema]) => ({ name, in: 'query', schema }));
}

/** Every named schema of the table; those inside others are referred to by their names. */
function schemasOf(table: readonly AnyRoute[]): Record<string, unknown> {
  const registry = z.registry<{ id: string }>();
  const named = new Set([problem, ...table.flatMap(({ body, result }) => [body ?? [], result ?? []].flat())]);
  for (const schema of named) registry.add(schema, { id: nameOf(schema) });
  const { schemas } = z.toJSONSchema(registry, { io: 'input', uri: (id) => COMPONENTS + id });
  // Named schemas that no route uses by themselves are put apart, in definitions that a component cannot refer to.
  const text = JSON.stringify(schemas).replaceAll(`${COMPONENTS}__shared#/$defs/`, COMPONENTS);
  const { __shared, ...own } = JSON.parse(text) as Record<string, Record<string, unknown>>;
  const all = { ...own, ...(__shared?.$defs as typeof own | undefined) };
  return Object.fromEntries(Object.entries(all).map(([id, { $schema, $id, ...schema }]) => [id, schema]));
}

function ref(schema: z.ZodType) {
  return { $ref: COMPONENTS + nameOf(schema) };
}

function nameOf(schema: z.ZodType): string {
  const id = schema.meta()?.id;
  if (typeof id !== 'string') throw new TypeError('a schema in the route table has no id');
  return id;
}

function securityOf({ scope, session, pat }: AnyRoute): Record<string, string[]>[] {
  if (session) return [{ session_token: [] }, ...(pat ? [{ personal_access_token: [pat] }] : [])];
  return scope ? [{ oauth2: [scope] }] : [];
}

const SESSION_TOKEN = {
  type: 'http',
  scheme: 'bearer',
  description: 'The session_token of POST /authenticate: somebody who signed in without a browser',
};

const PAT = {
  type: 'http',
  scheme: 'bearer',
  description:
    'A personal access token for urn:mintmark:api; also taken as PRIVATE-TOKEN, as the password of HTTP Basic, and from the cookie mintmark_pat',
};

function securityScheme(issuer: string) {
  const scopes = Object.fromEntries(ADMIN_SCOPES.map(({ name, description }) => [name, description]));
  return { type: 'oauth2', flows: { clientCredentials: { tokenUrl: `${issuer}/oauth/token`, scopes } } };
}
