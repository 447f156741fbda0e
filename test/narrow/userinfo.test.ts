/**
 * UserInfo on the narrow path and by the engine: who has a plain token is told the same by both, in the same order, and whoever
 * is refused anything is refused it by the engine.
 */
import { connect } from 'node:net';
import { text } from 'node:stream/consumers';
import { beforeAll, describe, expect, test } from '@jest/globals';
import { proofKey } from '../endpoints/proofs.ts';
import {
  authorize,
  get,
  granted,
  introspect,
  post,
  refreshed,
  signInFor,
  startWorld,
  token,
  type World,
} from '../endpoints/protocol.ts';
import { behind } from '../support/behind.ts';
import {
  REDIRECT_URI,
  type RegisteredApi,
  type RegisteredClient,
  type RegisteredUser,
  registerApi,
  registerClient,
  registerMachine,
  registerUser,
} from '../support/clients.ts';
import { ENGINES } from '../support/database.ts';
import { visitorFor } from '../support/flow.ts';
import { as, type BothWays, bothWays, type Sent } from './both-ways.ts';

const PATH = '/oauth/userinfo';
const AT_ONCE = 20;

const CLAIMS = {
  locale: 'nl-NL',
  birthdate: '1990-02-03',
  phone_number: '+1 555',
  address: { country: 'NL', locality: 'Ĳmuiden' },
  favourite: 'blue',
};

describe.each(ENGINES)('UserInfo is answered on the narrow path as by the engine on %s', (engine) => {
  let world: World;
  let ways: BothWays;
  let api: RegisteredApi;
  let signed: RegisteredApi;
  let user: RegisteredUser;
  let app: RegisteredClient;
  /** Signed in by the first of these tests. */
  const visitor = visitorFor(REDIRECT_URI);

  beforeAll(async () => {
    world = await startWorld(engine);
    ways = await bothWays(world);
    const { admin } = world;
    api = await registerApi(admin);
    signed = await registerApi(admin, { scopes: [{ name: 'jwt:read' }], access_token_format: 'jwt' });
    user = await registerUser(admin, { name: 'Zoë Example', claims: CLAIMS });
    app = await registered();
  }, 60_000);

  async function registered(overrides: object = {}): Promise<RegisteredClient> {
    const scope = 'openid profile email address phone offline_access things:read jwt:read';
    return ways.known(await registerClient(world.admin, { scope, first_party: true, ...overrides }));
  }

  const tokensOf = (scope = 'openid', how: object = {}, client = app) =>
    signInFor(world.server, client, user, { scope, visitor, ...how });
  const tokenOf = async (...asked: Parameters<typeof tokensOf>): Promise<string> =>
    (await tokensOf(...asked)).access_token;

  const bearer = (value: string, headers: object = {}): Sent => ({
    path: PATH,
    headers: { authorization: `Bearer ${value}`, ...headers },
  });

  test.each([
    ['openid', ['sub']],
    ['openid email', ['sub', 'email']],
    ['profile openid', ['name', 'preferred_username', 'birthdate', 'locale', 'updated_at', 'sub']],
    ['phone address openid', ['phone_number', 'address', 'sub']],
    ['openid offline_access email', ['sub', 'email']],
  ])('takes, and says alike, in one order: what %s stands for', async (scope, names) => {
    const answer = await ways.compare(bearer(await tokenOf(scope, { prompt: 'consent' })));
    expect(answer).toMatchObject({ status: 200, narrow: true, body: { sub: user.id } });
    expect(Object.keys(answer.body)).toEqual(names);
  });

  test.each<[string, () => Promise<string>]>([
    ['that came of a refresh', refreshedToken],
    ['that came of a password', passwordToken],
    ['whose client says something of itself', async () => tokenOf('openid', {}, await registered({ metadata }))],
    ['whose client is public', publicToken],
    ['that was issued by the engine', issuedWide],
    ['of a request for claims one by one, which is not understood', () => tokenOf('openid', { claims: ASKED })],
  ])('takes, and says alike, by a token %s', async (_, of) => {
    expect(await ways.compare(bearer(await of()))).toMatchObject({
      status: 200,
      narrow: true,
      body: { sub: user.id },
    });
  });

  const ASKED = JSON.stringify({ userinfo: { email: null, phone_number: { essential: true } } });
  const metadata = { team: 'harbour' };

  async function refreshedToken(): Promise<string> {
    const { refresh_token } = await tokensOf();
    return granted(await refreshed(world.server, refresh_token, app)).access_token;
  }

  async function passwordToken(): Promise<string> {
    const client = await registered({ grant_types: ['password'], redirect_uris: [] });
    const { username, password } = user;
    const asked = { grant_type: 'password', username, password, scope: 'openid' };
    return granted(await token(world.server, asked, { as: client })).access_token;
  }

  async function publicToken(): Promise<string> {
    const client = await registerClient(world.admin, { token_endpoint_auth_method: 'none', first_party: true });
    return tokenOf('openid email', {}, client);
  }

  async function issuedWide(): Promise<string> {
    const code = await authorize(world.server, app, user, { visitor });
    return granted(await post(...ways.wide('/oauth/token'), code, { headers: as(app) })).access_token;
  }

  test('leaves to the engine a token of a request that wants one claim beyond its scopes', async () => {
    const value = await tokenOf('openid', { max_age: '600' });
    expect(await ways.compare(bearer(value))).toMatchObject({ status: 200, narrow: false });
  });

  test('says what is so now', async () => {
    const person = await registerUser(world.admin);
    const value = (await signInFor(world.server, app, person, { scope: 'openid profile' })).access_token;
    await world.admin.patch(`/users/${person.id}`, { name: 'Ann Other', claims: { nickname: 'annie' } });
    expect(await ways.compare(bearer(value))).toMatchObject({
      narrow: true,
      body: { name: 'Ann Other', nickname: 'annie' },
    });
  });

  test('leaves to the engine whose claims lie elsewhere (Core §5.6.2)', async () => {
    const claims = {
      _claim_names: { address: 'post' },
      _claim_sources: { post: { endpoint: 'https://post.example' } },
    };
    const person = await registerUser(world.admin, { claims });
    const value = (await signInFor(world.server, app, person, { scope: 'openid address' })).access_token;
    expect(await ways.compare(bearer(value))).toMatchObject({ status: 200, narrow: false, body: claims });
  });

  test('tells each of many at once of their own person', async () => {
    const people = await Promise.all([registerUser(world.admin), registerUser(world.admin)]);
    const pairs = await Promise.all(
      [...people, user].map(async (person) => {
        const { access_token } = await signInFor(world.server, app, person);
        return { sub: person.id, headers: { authorization: `Bearer ${access_token}` } };
      }),
    );
    const asked = Array.from({ length: AT_ONCE }, () => pairs).flat();
    const answers = await Promise.all(asked.map(({ headers }) => get(world.server, PATH, headers)));
    expect(answers.map(({ body }) => body)).toEqual(asked.map(({ sub }) => ({ sub })));
  });

  test.each<[string, (value: string) => Sent, number]>([
    ['a page of its client', (value) => bearer(value, { origin: new URL(REDIRECT_URI).origin }), 200],
    ['a page of another origin', (value) => bearer(value, { origin: 'https://elsewhere.example' }), 400],
    ['a cookie', (value) => bearer(value, { cookie: 'a=b' }), 200],
    ['a proof of a key', (value) => bearer(value, { dpop: 'x' }), 400],
    ['a personal access token beside', (value) => bearer(value, { 'private-token': 'x' }), 200],
    ['a parameter', (value) => ({ ...bearer(value), path: `${PATH}?scope=openid` }), 200],
    ['a parameter for a scope it has not', (value) => ({ ...bearer(value), path: `${PATH}?scope=email` }), 403],
    ['its token twice', (value) => ({ ...bearer(value), path: `${PATH}?access_token=${value}` }), 400],
    ['its token in the query', (value) => ({ path: `${PATH}?access_token=${value}` }), 400],
    ['its token in a form', (access_token) => ({ path: PATH, parameters: { access_token } }), 200],
    ['an empty form', (value) => ({ ...bearer(value), parameters: {} }), 200],
    ['its scheme in small letters', (value) => ({ path: PATH, headers: { authorization: `bearer ${value}` } }), 200],
    ['two spaces', (value) => bearer(` ${value}`), 400],
    ['two schemes', (value) => bearer(`${value}, Basic YTpi`), 400],
    ['another scheme', (value) => ({ path: PATH, headers: { authorization: `DPoP ${value}` } }), 400],
    ['no token', () => ({ path: PATH }), 401],
    ['no token behind the scheme', () => bearer(''), 400],
    ['the method DELETE', (value) => ({ ...bearer(value), method: 'DELETE' }), 404],
    ['the method OPTIONS', (value) => ({ ...bearer(value), method: 'OPTIONS' }), 404],
  ])('leaves to the engine a request with %s', async (_, of, status) => {
    expect(await ways.compare(of(await tokenOf()))).toMatchObject({ status, narrow: false });
  });

  test.each<[string, () => Promise<string>, number]>([
    ['a token that nobody issued', async () => 'A'.repeat(43), 401],
    ['a token that was revoked', revoked, 401],
    ['a token of a grant that has ended', ended, 401],
    ['a refresh token', async () => (await tokensOf()).refresh_token, 401],
    ['a code', async () => (await authorize(world.server, app, user, { visitor })).code, 401],
    ['an ID token', async () => (await tokensOf()).id_token, 401],
    ['a token of a machine', machineToken, 401],
    ['a token for an API', () => tokenOf('openid things:read', { resource: api.identifier }), 403],
    ['a JWT', () => tokenOf('openid jwt:read', { resource: signed.identifier }), 401],
    ['the name of a JWT', nameOfJwt, 401],
    ['a personal access token', personal, 401],
    ['a token without openid', () => tokenOf('email profile'), 403],
    ['a token that is bound to a key', bound, 401],
    ['a token of a disabled user', disabledUser, 401],
    ['a token of a disabled client', disabledClient, 401],
  ])('leaves to the engine to refuse %s', async (_, of, status) => {
    expect(await ways.compare(bearer(await of()))).toMatchObject({ status, narrow: false });
  });

  async function revoked(): Promise<string> {
    const value = await tokenOf();
    await post(world.server, '/oauth/revoke', { token: value }, { as: app });
    return value;
  }

  async function ended(): Promise<string> {
    const { access_token, refresh_token } = await tokensOf();
    await post(world.server, '/oauth/revoke', { token: refresh_token }, { as: app });
    return access_token;
  }

  async function machineToken(): Promise<string> {
    const machine = await registerMachine(world.admin, 'things:read');
    const asked = { grant_type: 'client_credentials', scope: 'things:read' };
    return granted(await token(world.server, asked, { as: machine })).access_token;
  }

  async function nameOfJwt(): Promise<string> {
    const value = await tokenOf('openid jwt:read', { resource: signed.identifier });
    return (await introspect(world.server, value, app)).jti;
  }

  async function personal(): Promise<string> {
    const wanted = { user_id: user.id, name: 'Backup', scopes: ['things:read'], audience: api.identifier };
    return (await world.admin.post('/pats', wanted)).body.token;
  }

  async function bound(): Promise<string> {
    const key = await proofKey();
    const dpop = await key.prove('POST', `${world.server.issuer}/oauth/token`);
    const code = await authorize(world.server, app, user, { visitor });
    return granted(await token(world.server, code, { as: app, headers: { dpop } })).access_token;
  }

  async function disabledUser(): Promise<string> {
    const person = await registerUser(world.admin);
    const { access_token } = await signInFor(world.server, app, person);
    await world.admin.post(`/users/${person.id}/disable`, { duration: null });
    return access_token;
  }

  async function disabledClient(): Promise<string> {
    const client = await registered();
    const value = await tokenOf('openid', {}, client);
    await world.admin.patch(`/clients/${client.client_id}`, { disabled: true });
    return value;
  }

  test.each([
    [{ userinfo_signed_response_alg: 'RS256' }, 400],
    [{ subject_type: 'pairwise' }, 422],
  ])('no client is registered with %j, so none is told anything else', async (member, status) => {
    expect(await world.admin.patch(`/clients/${app.client_id}`, member)).toMatchObject({ status });
  });

  test('answers in turn what was sent in one piece, a body among it', async () => {
    const { hostname, port } = new URL(world.server.url);
    const value = await tokenOf();
    const request = (presented: string, more: string[] = [], body = '') =>
      [`GET ${PATH} HTTP/1.1`, `host: ${hostname}`, `authorization: Bearer ${presented}`, ...more, '', body].join(
        '\r\n',
      );
    const socket = connect(Number(port), hostname);
    socket.write(request(value) + request('A'.repeat(43)) + request(value, ['content-length: 3'], 'a=b'));
    socket.write(request(value, ['transfer-encoding: chunked'], '0\r\n\r\n') + request(value, ['connection: close']));
    const answers = await text(socket);
    const statuses = [...answers.matchAll(/HTTP\/1\.1 (\d{3})/g)].map(([, status]) => status);
    expect(statuses).toEqual(['200', '401', '200', '200', '200']);
    const narrow = [...answers.matchAll(/x-request-id: (\S+)/gi)].map(([, id]) => ways.tookNarrowPath(id ?? null));
    expect(await Promise.all(narrow)).toEqual([true, false, false, false, true]);
  });

  // Nobody but its server opens the embedded database.
  if (engine === 'postgres') {
    test.each([
      ['a token that is over', "update tokens set expires_at = now() - interval '1 minute' where client_id = $1", 401],
      ['a token that has an audience', "update tokens set audience = 'x' where client_id = $1", 401],
      ['the row of a JWT', "update tokens set format = 'jwt' where client_id = $1", 401],
      ['a grant that is over', "update grants set expires_at = now() - interval '1 minute' where client_id = $1", 401],
      ['a grant of another client', "update grants set client_id = 'x' where client_id = $1", 401],
      ['a grant of another person', 'update grants set account_id = gen_random_uuid() where client_id = $1', 401],
      [
        'a grant without something that was asked for',
        `update grants set consented = consented || '{"rejected": {"openid": {"scope": "email"}}}' where client_id = $1`,
        200,
      ],
      [
        'a grant without openid',
        `update grants set consented = '{"openid": {"scope": "email"}}' where client_id = $1`,
        200,
      ],
    ])('leaves to the engine %s, though it has openid', async (_, statement, status) => {
      const client = await registered();
      const value = await tokenOf('openid email', {}, client);
      expect(await ways.compare(bearer(value))).toMatchObject({ status: 200, narrow: true });
      await behind(world.server, statement, [client.client_id]);
      expect(await ways.compare(bearer(value))).toMatchObject({ status, narrow: false });
    });
  }

  test('is logged with its method and whose token it was', async () => {
    const { headers } = await ways.compare(bearer(await tokenOf()));
    const line = world.server
      .output()
      .split('\n')
      .find((one) => one.includes(String(headers.get('x-request-id'))));
    const said = { method: 'GET', path: PATH, status: 200, client_id: app.client_id, narrow: true };
    expect(JSON.parse(line ?? '')).toMatchObject(said);
  });
});
