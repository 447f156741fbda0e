import { afterAll, beforeAll, describe, expect, test } from '@jest/globals';
import fc from 'fast-check';
import { signInFor, startWorld, type World } from '../endpoints/protocol.ts';
import { registerApi, registerClient, registerUser } from '../support/clients.ts';
import { authenticate } from '../support/people.ts';
import { expectProblem } from './expectations.ts';
import { CONTENT_TYPES, hostileDocument, hostileEncoded, hostileJson, hostileText, METHODS } from './hostile.ts';
import { asHeader, closeConnections, send } from './wire.ts';

const BUDGET = { numRuns: 600, interruptAfterTimeLimit: 6_000, markInterruptAsFailure: false };

interface Operation {
  readonly method: string;
  readonly path: string;
  readonly members: string[];
  readonly parameters: string[];
  /** Asks for the session token of a person instead of an administrator's access token. */
  readonly ofPerson: boolean;
}

/** Those are there with an external login application only, in a browser that waits for it. */
const ELSEWHERE = ['ticket'];

let world: World;
let sessionToken: string;
let operations: Operation[];
/** By the name of its path parameter, one of each thing that requests may be made about. */
let sacrifices: Record<string, string>;
const made = { clients: new Set<string>(), users: new Set<string>() };

beforeAll(async () => {
  world = await startWorld('embedded');
  const document = (await (await fetch(`${world.server.url}/api/v1/openapi.json`)).json()) as any;
  operations = operationsOf(document);
  const [client, user, api] = await Promise.all([
    registerClient(world.admin),
    registerUser(world.admin),
    registerApi(world.admin),
  ]);
  const secrets = await world.admin.get(`/clients/${client.client_id}/secrets`);
  await signInFor(world.server, client, user);
  const person = await authenticate(world.server, await registerUser(world.admin));
  sessionToken = person.token;
  const wanted = { name: 'Script', scopes: ['things:read'], audience: api.identifier };
  const pat = (await person.call('POST', '/me/pats', wanted)).body;
  // Nobody is there, and it is told of nothing that happens here.
  const webhook = await world.admin.post('/webhooks', {
    url: 'http://127.0.0.1:9/',
    format: 'event',
    events: ['webhook.paused'],
  });
  const delivery = await world.admin.post(`/webhooks/${webhook.body.id}/test`);
  const [tokens, grants, sessions, keys] = await Promise.all(
    ['tokens', 'grants', 'sessions']
      .map((of) => world.admin.get(`/users/${user.id}/${of}`))
      .concat(world.admin.get('/keys')),
  );
  sacrifices = {
    client_id: client.client_id,
    secret_id: secrets.body.items[0].id,
    id: user.id,
    identifier: api.identifier,
    token_id: tokens?.body.items[0].id,
    grant_id: grants?.body.items[0].id,
    session_id: sessions?.body.items[0].id,
    authenticator_id: 'password',
    kid: keys?.body.items[0].kid,
    pat_id: pat.id,
    webhook_id: webhook.body.id,
    delivery_id: delivery.body.id,
  };
  const ids = await present();
  for (const id of ids.clients) made.clients.add(id);
  for (const id of ids.users) made.users.add(id);
});
afterAll(closeConnections);

function operationsOf(document: any): Operation[] {
  const resolve = (schema: any): any =>
    schema?.$ref ? resolve(document.components.schemas[schema.$ref.split('/').at(-1)]) : (schema ?? {});
  return Object.entries<any>(document.paths).flatMap(([path, methods]) =>
    Object.entries<any>(methods)
      .filter(([method]) => ['get', 'post', 'put', 'patch', 'delete'].includes(method))
      .map(([method, operation]) => ({
        method: method.toUpperCase(),
        path: path.startsWith('/api/v1') ? path : `/api/v1${path}`,
        members: Object.keys(
          resolve(Object.values<any>(operation.requestBody?.content ?? {})[0]?.schema).properties ?? {},
        ),
        parameters: (operation.parameters ?? []).filter((one: any) => one.in === 'query').map((one: any) => one.name),
        ofPerson: (operation.security ?? []).some((one: object) => 'session_token' in one),
      })),
  );
}

async function present() {
  const [clients, users] = await Promise.all(
    ['/clients', '/users'].map((path) => world.admin.get(`${path}?limit=500`)),
  );
  return {
    clients: clients?.body.items.map(({ client_id }: { client_id: string }) => client_id) as string[],
    users: users?.body.items.map(({ id }: { id: string }) => id) as string[],
  };
}

/** Values near enough to good ones that some get past the first check. */
const nearly = fc.constantFrom<unknown>(
  ['authorization_code'],
  ['client_credentials'],
  ['https://app.example/callback'],
  ['https://app.example/callback', 'https://app.example/callback'],
  'openid',
  'openid openid',
  'none',
  'private_key_jwt',
  { keys: [{ kty: 'EC', crv: 'P-256', x: 'x', y: 'y' }] },
  { keys: [{ kty: 'RSA', n: 'AQAB', e: 'AQAB' }] },
  'https://api.example/x',
  [{ name: 'a:b', description: 'c' }],
  'ann',
  'correct horse battery staple',
  'opaque',
  'jwt',
  ['things:read'],
  ['account:write', 'account:read'],
  'urn:mintmark:api',
  'http://127.0.0.1:9/hook',
  'event',
  'notification',
  ['webhook.paused'],
  ['token.issued'],
  'active',
  '2026-01-01T00:00:00Z',
  '2027-01-01T00:00:00Z',
  true,
  1,
  3600,
);

const bodyOf = ({ members }: Operation) =>
  fc.oneof(
    hostileDocument,
    hostileJson.map((value) => JSON.stringify(value)),
    fc
      .dictionary(fc.constantFrom(...(members.length > 0 ? members : ['a'])), fc.oneof(nearly, hostileJson), {
        maxKeys: 6,
      })
      .map((value) => JSON.stringify(value)),
    fc
      .tuple(fc.constantFrom(...(members.length > 0 ? members : ['a'])), nearly, hostileText)
      .map(([name, value, stranger]) => JSON.stringify({ [name]: value, [stranger]: 1 })),
  );

const queryOf = ({ parameters }: Operation) =>
  fc
    .array(
      fc.tuple(fc.constantFrom('limit', 'cursor', 'x', ...parameters), hostileEncoded).map((both) => both.join('=')),
      {
        maxLength: 3,
      },
    )
    .map((pairs) => (pairs.length > 0 ? `?${pairs.join('&')}` : ''));

const segment = hostileEncoded.map((value) => value.replaceAll('/', '%2F').replace(/[?#]/g, '') || 'x');

/** About something that is there, unless it would be deleted, or about a hostile name. */
const pathOf = ({ path, method }: Operation) =>
  fc.tuple(fc.boolean(), fc.infiniteStream(segment)).map(([real, values]) =>
    path.replace(/\{([^}]+)\}/g, (_, name: string) => {
      const there = real && method !== 'DELETE' ? sacrifices[name] : undefined;
      return there ? encodeURIComponent(there) : (values.next().value as string);
    }),
  );

describe('the admin API (contract.md, API)', () => {
  test('has operations to try, each about something that is there', () => {
    expect(operations.length).toBeGreaterThan(15);
    expect(operations.filter(({ members }) => members.length > 0).length).toBeGreaterThan(4);
    const names = operations.flatMap(({ path }) => path.match(/(?<=\{)[^}]+/g) ?? []);
    expect(new Set(names)).toEqual(new Set([...Object.keys(sacrifices), ...ELSEWHERE]));
  });

  test('answers whatever it is asked with a problem document at worst', async () => {
    const request = fc
      .constantFrom(...operations)
      .chain((operation) => fc.tuple(fc.constant(operation), pathOf(operation), queryOf(operation), bodyOf(operation)));
    const asked = fc.asyncProperty(request, async ([{ method, path, ofPerson }, target, query, body]) => {
      const type = method === 'PATCH' ? 'application/merge-patch+json' : 'application/json';
      const token = ofPerson && method !== 'DELETE' ? sessionToken : world.admin.token;
      const headers = { authorization: `Bearer ${token}`, 'content-type': type };
      const withBody = method !== 'GET' && method !== 'DELETE';
      const received = await send(world.server.url, {
        method,
        target: target + query,
        headers,
        ...(withBody && { body }),
      });
      expectProblem(received);
      if (received.status === 201 && path === '/api/v1/clients') made.clients.add(JSON.parse(received.text).client_id);
      if (received.status === 201 && path === '/api/v1/users') made.users.add(JSON.parse(received.text).id);
    });
    await fc.assert(asked, { ...BUDGET, numRuns: 2_000 });
  });

  test('answers any method, type and token likewise', async () => {
    const asked = fc.asyncProperty(
      fc.constantFrom(...operations),
      fc.constantFrom(...METHODS),
      fc.constantFrom(...CONTENT_TYPES),
      fc.oneof(hostileDocument, hostileText),
      fc.oneof(
        fc.constant(`Bearer ${world.admin.token}`),
        hostileText.map((text) => asHeader(`Bearer ${text}`)),
        hostileText.map(asHeader),
      ),
      async ({ path }, method, type, body, authorization) => {
        const target = path.replace(/\{[^}]+\}/g, 'x');
        const headers = { authorization, ...(type && { 'content-type': type }) };
        const withBody = !['GET', 'HEAD', 'TRACE', 'OPTIONS'].includes(method);
        const received = await send(world.server.url, { method, target, headers, ...(withBody && { body }) });
        if (method === 'HEAD') expect(received.status).toBeLessThan(500);
        else expectProblem(received);
        if (received.status === 201 && path === '/api/v1/clients')
          made.clients.add(JSON.parse(received.text).client_id);
      },
    );
    await fc.assert(asked, BUDGET);
  });

  test('a megabyte of JSON is 413', async () => {
    const body = JSON.stringify({ client_name: 'x'.repeat(1024 * 1024) });
    const headers = { authorization: `Bearer ${world.admin.token}`, 'content-type': 'application/json' };
    const received = await send(world.server.url, { method: 'POST', target: '/api/v1/clients', headers, body });
    expect(received.status).toBe(413);
    expectProblem(received);
  });

  test('afterwards the server is well, and holds what it answered 201 to and nothing else', async () => {
    const { clients, users } = await present();
    expect(clients.sort()).toEqual([...made.clients].sort());
    expect(users.sort()).toEqual([...made.users].sort());
    expect((await send(world.server.url, { method: 'GET', target: '/readyz' })).status).toBe(200);
    const errors = world.server
      .output()
      .split('\n')
      .filter((line) => /"level":"(error|fatal)"/.test(line));
    expect(errors).toEqual([]);
    const headers = { authorization: `Bearer ${sessionToken}` };
    expect((await send(world.server.url, { method: 'GET', target: '/api/v1/session', headers })).status).toBe(200);
  });
});
