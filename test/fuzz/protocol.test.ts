import { afterAll, beforeAll, describe, expect, test } from '@jest/globals';
import fc from 'fast-check';
import { authorizationUrl, pkce, startWorld, token, type World } from '../endpoints/protocol.ts';
import {
  REDIRECT_URI,
  type RegisteredClient,
  registerApi,
  registerClient,
  registerMachine,
  registerUser,
} from '../support/clients.ts';
import { visitorFor } from '../support/flow.ts';
import { basic } from '../support/http.ts';
import { expectNothingInside, expectOAuth, expectPage } from './expectations.ts';
import { CONTENT_TYPES, hostileDocument, hostileEncoded, hostileText, METHODS } from './hostile.ts';
import { asHeader, closeConnections, type Received, send } from './wire.ts';

/** Each property stops here: the whole file takes about 20 seconds. */
const BUDGET = { numRuns: 400, interruptAfterTimeLimit: 1_200, markInterruptAsFailure: false };

let world: World;
let app: RegisteredClient;
let machine: RegisteredClient;
let before: { clients: number; users: number };

/** What each parameter would be in a request that goes through, so that many requests are wrong in one place only. */
let plausible: Record<string, string[]>;

beforeAll(async () => {
  world = await startWorld('embedded');
  const api = await registerApi(world.admin);
  const user = await registerUser(world.admin);
  app = await registerClient(world.admin, {
    grant_types: ['authorization_code', 'refresh_token', 'password', 'urn:ietf:params:oauth:grant-type:device_code'],
    scope: 'openid email offline_access things:read',
  });
  machine = await registerMachine(world.admin, 'things:read');
  const asked = { grant_type: 'client_credentials', scope: 'things:read' };
  const { body } = await token(world.server, asked, { as: machine });
  plausible = {
    grant_type: [
      'authorization_code',
      'refresh_token',
      'client_credentials',
      'password',
      'urn:ietf:params:oauth:grant-type:device_code',
    ],
    client_id: [app.client_id, machine.client_id],
    scope: ['openid', 'things:read', 'openid email things:read', 'offline_access'],
    resource: [api.identifier],
    redirect_uri: [REDIRECT_URI],
    response_type: ['code'],
    response_mode: ['query', 'form_post'],
    code_challenge: ['E9Melhoa2OwvFrEMTJguCHaoeK1t8URWbuGJSstw-cM'],
    code_challenge_method: ['S256', 'plain'],
    token: [body.access_token],
    token_type_hint: ['access_token', 'refresh_token'],
    username: [user.username],
    prompt: ['none', 'login', 'consent'],
    max_age: ['0', '100'],
    client_assertion_type: ['urn:ietf:params:oauth:client-assertion-type:jwt-bearer'],
  };
  before = await counts();
});
afterAll(closeConnections);

async function counts() {
  const [clients, users] = await Promise.all(
    ['/clients', '/users'].map((path) => world.admin.get(`${path}?limit=500`)),
  );
  return { clients: clients?.body.items.length, users: users?.body.items.length };
}

/** `a=1&b=2` of the named parameters and strangers, with plausible and hostile values, some of them twice. */
function encodedOf(names: string[]): fc.Arbitrary<string> {
  const pair = fc.oneof(
    {
      weight: 6,
      arbitrary: fc.constantFrom(...names).chain((name) => valueFor(name).map((value) => `${name}=${value}`)),
    },
    { weight: 1, arbitrary: fc.tuple(hostileEncoded, hostileEncoded).map((both) => both.join('=')) },
    { weight: 1, arbitrary: fc.constantFrom('&', '=', 'a', '[]=1', 'scope[]=a', '__proto__[x]=1', '&&&') },
  );
  return fc.array(pair, { maxLength: 12 }).map((pairs) => pairs.join('&'));
}

const valueFor = (name: string) =>
  fc.oneof(
    hostileEncoded,
    fc.constant(name).chain(() => fc.constantFrom(...(plausible[name] ?? ['x']).map(encodeURIComponent))),
  );

const authorization = () =>
  fc.oneof(
    fc.constant(basic(app.client_id, app.client_secret)),
    fc.constant(basic(machine.client_id, machine.client_secret)),
    fc.constant(undefined),
    fc
      .tuple(hostileText, hostileText)
      .map(([id, secret]) => `Basic ${Buffer.from(`${id}:${secret}`).toString('base64')}`),
    fc
      .tuple(fc.constantFrom('Basic', 'Bearer', 'DPoP', 'basic', ''), hostileText)
      .map((both) => asHeader(both.join(' '))),
  );

const FORM = { 'content-type': 'application/x-www-form-urlencoded' };
const AUTH = ['client_id', 'client_secret', 'client_assertion', 'client_assertion_type'];
const AUTHORIZATION = [
  ...['client_id', 'response_type', 'redirect_uri', 'scope', 'state', 'nonce', 'resource', 'response_mode', 'prompt'],
  ...['max_age', 'login_hint', 'id_token_hint', 'ui_locales', 'acr_values', 'code_challenge', 'code_challenge_method'],
  ...['dpop_jkt', 'request', 'request_uri', 'claims', 'display', 'registration'],
];

describe('whatever is posted as a form', () => {
  test.each<[path: string, names: string[]]>([
    [
      '/oauth/token',
      [
        ...AUTH,
        'grant_type',
        'grant_type',
        'code',
        'redirect_uri',
        'code_verifier',
        'refresh_token',
        'scope',
        'resource',
        'username',
        'password',
        'device_code',
      ],
    ],
    ['/oauth/introspect', [...AUTH, 'token', 'token_type_hint']],
    ['/oauth/revoke', [...AUTH, 'token', 'token_type_hint']],
    ['/oauth/par', [...AUTH, ...AUTHORIZATION]],
    ['/oauth/device/code', [...AUTH, 'scope', 'resource', 'claims', 'acr_values', 'max_age']],
    ['/oauth/userinfo', ['access_token', 'scope']],
    ['/oauth/register', AUTH],
  ])('%s answers in the shape of an OAuth error at worst', async (path, names) => {
    const asked = fc.asyncProperty(
      encodedOf(names),
      authorization(),
      fc.option(hostileText.map(asHeader), { nil: undefined, freq: 8 }),
      async (body, authorized, dpop) => {
        const headers = { ...FORM, ...(authorized && { authorization: authorized }), ...(dpop && { dpop }) };
        expectOAuth(await send(world.server.url, { method: 'POST', target: path, headers, body }));
      },
    );
    await fc.assert(asked, BUDGET);
  });
});

describe('whatever a browser is sent with', () => {
  const html = { accept: 'text/html' };

  test.each<[path: string, names: string[]]>([
    ['/oauth/authorize', AUTHORIZATION],
    ['/oauth/logout', ['id_token_hint', 'post_logout_redirect_uri', 'state', 'ui_locales', 'client_id', 'logout_hint']],
    ['/oauth/logout/success', ['client_id']],
    ['/device', ['user_code', 'a']],
    ['/login/x', ['a']],
  ])('%s shows a page or redirects', async (path, names) => {
    const opened = fc.asyncProperty(encodedOf(names), async (query) => {
      expectPage(await send(world.server.url, { method: 'GET', target: `${path}?${query}`, headers: html }));
    });
    await fc.assert(opened, BUDGET);
  });

  test.each<[path: string, names: string[]]>([
    ['/device', ['user_code', 'xsrf', 'confirm', 'abort']],
    ['/oauth/logout/confirm', ['xsrf', 'logout']],
    ['/login/x', ['username', 'password', 'csrf', 'action']],
  ])('a form posted to %s shows a page', async (path, names) => {
    const posted = fc.asyncProperty(encodedOf(names), hostileText.map(asHeader), async (body, cookie) => {
      const headers = { ...html, ...FORM, cookie: `mintmark_session=${cookie}; mintmark_interaction=${cookie}` };
      expectPage(await send(world.server.url, { method: 'POST', target: path, headers, body }));
    });
    await fc.assert(posted, BUDGET);
  });

  test('the sign-in form, opened rightly, takes any name and password', async () => {
    const visitor = visitorFor(REDIRECT_URI);
    const asked = {
      client_id: app.client_id,
      response_type: 'code',
      redirect_uri: REDIRECT_URI,
      scope: 'openid',
      code_challenge: pkce().challenge,
      code_challenge_method: 'S256',
    };
    const page = await visitor.open(authorizationUrl(world.server, asked));
    if (page instanceof URL) throw new Error('no sign-in page');
    const [form] = page.forms;
    const headers = { ...html, ...FORM, cookie: visitor.cookies.header(page.url), origin: world.server.url };
    const { pathname } = new URL(page.url);
    const signedIn = fc.asyncProperty(encodedOf(['username', 'password', 'password', 'x']), async (rest) => {
      const body = `csrf=${encodeURIComponent(form?.fields.get('csrf') ?? '')}&${rest}`;
      const received = await send(world.server.url, { method: 'POST', target: pathname, headers, body });
      expectPage(received);
      expect(received.status).toBe(400);
    });
    await fc.assert(signedIn, { ...BUDGET, numRuns: 60 });
  });

  test('any path under /login, /device and /oauth is a page at worst', async () => {
    const stems = fc.constantFrom(
      '/login/',
      '/device/',
      '/oauth/authorize/',
      '/oauth/',
      '/',
      '/public/',
      '/.well-known/',
    );
    const opened = fc.asyncProperty(stems, hostileEncoded, async (stem, rest) => {
      const received = await send(world.server.url, { method: 'GET', target: stem + rest, headers: html });
      expectNothingInside(received);
    });
    await fc.assert(opened, BUDGET);
  });
});

describe('whatever the method, the type and the size', () => {
  const PATHS = [
    ...['/oauth/token', '/oauth/introspect', '/oauth/revoke', '/oauth/par', '/oauth/device/code', '/oauth/userinfo'],
    ...['/oauth/authorize', '/oauth/logout', '/oauth/jwks', '/.well-known/openid-configuration', '/device', '/login/x'],
    ...['/healthz', '/readyz', '/'],
  ];

  test('no method and no body gets a 5xx', async () => {
    const sent = fc.asyncProperty(
      fc.constantFrom(...PATHS),
      fc.constantFrom(...METHODS),
      fc.constantFrom(...CONTENT_TYPES),
      fc.oneof(hostileDocument, hostileEncoded, hostileText),
      fc.constantFrom('*/*', 'text/html', 'application/json', 'nonsense', 'text/html;q=0, */*;q=-1'),
      async (target, method, type, body, accept) => {
        const headers = {
          accept,
          ...(type && { 'content-type': type }),
          authorization: basic(app.client_id, app.client_secret),
        };
        const withBody = !['GET', 'HEAD', 'TRACE', 'OPTIONS'].includes(method);
        expectNothingInside(await send(world.server.url, { method, target, headers, ...(withBody && { body }) }));
      },
    );
    await fc.assert(sent, { ...BUDGET, interruptAfterTimeLimit: 3_000 });
  });

  test.each(PATHS.slice(0, 6))('a megabyte at %s is refused as an OAuth error', async (target) => {
    const body = `grant_type=${'x'.repeat(1024 * 1024)}`;
    const received = await send(world.server.url, { method: 'POST', target, headers: FORM, body });
    expect(received.status).toBe(413);
    expectOAuth(received);
  });

  test.each([
    ['bytes that are not UTF-8', Buffer.from('grant_type=\xff\xfe', 'latin1')],
    ['NUL bytes', Buffer.from('grant_type=a\0b&\0=1')],
    ['half a surrogate in CESU-8', Buffer.from([...Buffer.from('scope='), 0xed, 0xa0, 0x80])],
  ])('%s in a form are a 400 that says so', async (_what, body) => {
    for (const target of PATHS.slice(0, 6)) {
      const headers = { ...FORM, authorization: basic(app.client_id, app.client_secret) };
      const received = await send(world.server.url, { method: 'POST', target, headers, body });
      expect(received.status).toBe(400);
      expectOAuth(received);
    }
  });
});

test('afterwards the server is well, and what was refused left nothing behind', async () => {
  const ready: Received = await send(world.server.url, { method: 'GET', target: '/readyz' });
  expect(ready.status).toBe(200);
  const asked = { grant_type: 'client_credentials', scope: 'things:read' };
  expect(await token(world.server, asked, { as: machine })).toMatchObject({ status: 200 });
  expect(await counts()).toEqual(before);
  const errors = world.server
    .output()
    .split('\n')
    .filter((line) => /"level":"(error|fatal)"/.test(line));
  expect(errors).toEqual([]);
});
