/**
 * Codes and refresh tokens, exchanged on the narrow path and by the engine: each is good once, so each way gets one of two
 * that were made alike. What is answered must not differ, nor what is known of the tokens afterwards.
 */
import { beforeAll, describe, expect, test } from '@jest/globals';
import {
  authorize,
  granted,
  introspect,
  post,
  signInFor,
  startWorld,
  token,
  type World,
} from '../endpoints/protocol.ts';
import {
  REDIRECT_URI,
  type RegisteredApi,
  type RegisteredClient,
  type RegisteredUser,
  registerApi,
  registerClient,
  registerUser,
} from '../support/clients.ts';
import { ENGINES } from '../support/database.ts';
import { visitorFor } from '../support/flow.ts';
import { as, type BothWays, bothWays, type Sent } from './both-ways.ts';

const SCOPE = 'things:read things:write jwt:read';
const AT_ONCE = 20;

type Asked = Record<string, string>;

describe.each(ENGINES)('Codes and refresh tokens are exchanged on the narrow path as by the engine on %s', (engine) => {
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
    api = await registerApi(admin, { access_token_ttl: 600 });
    signed = await registerApi(admin, { scopes: [{ name: 'jwt:read' }], access_token_format: 'jwt' });
    [user, app] = await Promise.all([
      registerUser(admin, { claims: { locale: 'nl-NL', birthdate: '1990-02-03' } }),
      registered(),
    ]);
  }, 60_000);

  async function registered(overrides: object = {}): Promise<RegisteredClient> {
    const scope = `openid profile email offline_access ${SCOPE}`;
    return ways.known(await registerClient(world.admin, { scope, first_party: true, ...overrides }));
  }

  /** At both instances, which hear of things in their order. */
  async function changed(client: RegisteredClient, change: object): Promise<void> {
    await world.admin.patch(`/clients/${client.client_id}`, change);
    await registered();
  }

  const sent = (parameters: Asked, client: RegisteredClient): Sent => ({
    path: '/oauth/token',
    parameters,
    headers: client.token_endpoint_auth_method === 'client_secret_basic' ? as(client) : {},
  });

  const asked = (scope: string, resource: string, more: Asked = {}): Asked => ({ scope, resource, ...more });
  const plain = () => asked('things:read', api.identifier);
  const codeOf = (request: Asked, client = app): Promise<Asked> =>
    authorize(world.server, client, user, { ...request, visitor });
  const tokensOf = (request: Asked, client = app) => signInFor(world.server, client, user, { ...request, visitor });
  const refreshOf = (refresh_token: string): Asked => ({ grant_type: 'refresh_token', refresh_token });

  const UNIQUE = { iat: 0, exp: 0, jti: '', sid: '', auth_time: 0, status: {} };
  const known = async (value: string, client: RegisteredClient) => {
    const { iat, exp, ...said } = await introspect(world.server, value, client);
    return {
      ...said,
      ...Object.fromEntries(Object.keys(UNIQUE).map((name) => [name, name in said])),
      lasts: exp - iat,
    };
  };

  /** What is introspected, and what an administrator reads in the list of tokens. */
  async function expectAlike(one: any, another: any, client: RegisteredClient): Promise<void> {
    for (const name of ['access_token', 'refresh_token']) {
      if (one[name] === undefined) continue;
      expect(await known(one[name], client)).toEqual(await known(another[name], client));
    }
    const { body } = await world.admin.get(`/tokens?client_id=${client.client_id}&status=live`);
    const rows = body.items.map(({ kind, format, grant_type, scope, audience, user_id }: any) =>
      JSON.stringify({ kind, format, grant_type, scope, audience, user_id }),
    );
    expect(rows).not.toEqual([]);
    for (const row of new Set(rows)) expect(rows.filter((other: string) => other === row).length % 2).toBe(0);
  }

  test.each<[string, () => { request: Asked; client?: Promise<RegisteredClient>; more?: Asked }]>([
    ['for one scope', () => ({ request: plain() })],
    ['for two scopes', () => ({ request: asked('things:write things:read', api.identifier) })],
    ['for an API that the request does not name', () => ({ request: { scope: 'things:read' } })],
    ['that names its API once more', () => ({ request: plain(), more: { resource: api.identifier } })],
    ['that lasts beyond the session', () => ({ request: asked('offline_access things:read', api.identifier) })],
    ['for a JWT', () => ({ request: asked('jwt:read', signed.identifier) })],
    ['for an ID token', () => ({ request: { scope: 'openid' } })],
    [
      'for an ID token that says who it is',
      () => ({ request: { scope: 'email openid profile', nonce: 'n-0S6_WzA2Mj' } }),
    ],
    ['for an ID token and an API', () => ({ request: asked('openid email things:read', api.identifier) })],
    ['for an ID token and a JWT', () => ({ request: asked('openid jwt:read', signed.identifier) })],
    [
      'for an ID token that is signed as its client wants it',
      () => ({ request: { scope: 'openid' }, client: registered({ id_token_signed_response_alg: 'Ed25519' }) }),
    ],
    [
      'for an ID token of a session',
      () => ({
        request: { scope: 'openid' },
        client: registered({
          backchannel_logout_uri: 'https://app.example/out',
          backchannel_logout_session_required: true,
        }),
      }),
    ],
    [
      'of a client without refresh tokens',
      () => ({ request: plain(), client: registered({ grant_types: ['authorization_code'] }) }),
    ],
    [
      'of a client that says how long, and something of itself',
      () => ({
        request: plain(),
        client: registered({ access_token_ttl: 60, refresh_token_ttl: 3600, metadata: { team: 'harbour' } }),
      }),
    ],
  ])('takes a code, and answers alike: one %s', async (_, of) => {
    const { request, client: own = registered(), more = {} } = of();
    const client = await own;
    const [one, another] = [await codeOf(request, client), await codeOf(request, client)];
    const answer = await ways.compare(sent({ ...one, ...more }, client), sent({ ...another, ...more }, client));
    expect(answer).toMatchObject({ status: 200, narrow: true });
    await expectAlike(answer.body, answer.wide, client);
  });

  test.each<[string, () => Asked, Asked?]>([
    ['for one scope', plain],
    ['that came of a request for an API and what lasts', () => asked('offline_access things:read', api.identifier)],
    ['for a JWT', () => asked('jwt:read', signed.identifier)],
    ['for an ID token', () => ({ scope: 'openid profile', nonce: 'n-0S6_WzA2Mj' })],
    ['for an ID token and an API', () => asked('openid offline_access things:read', api.identifier)],
  ])('takes a refresh token again and again, and answers alike: one %s', async (_, request) => {
    const client = await registered();
    let [one, another] = [await tokensOf(request(), client), await tokensOf(request(), client)];
    for (let rotations = 1; rotations <= 3; rotations += 1) {
      const answer = await ways.compare(
        sent(refreshOf(one.refresh_token), client),
        sent(refreshOf(another.refresh_token), client),
      );
      expect(answer).toMatchObject({ status: 200, narrow: true });
      await expectAlike(answer.body, answer.wide, client);
      // Each goes on where the other one was.
      [one, another] = [answer.wide, answer.body];
    }
  });

  test.each<[string, Asked, object]>([
    ['names another API', { resource: 'https://nowhere.example' }, { status: 400, body: { error: 'invalid_target' } }],
    ['names no redirect URI, where there is but one', { redirect_uri: '' }, { status: 200 }],
  ])('leaves the exchange to the engine that %s', async (_, change, expected) => {
    const [one, another] = [await codeOf(plain()), await codeOf(plain())];
    const answer = await ways.compare(sent({ ...one, ...change }, app), sent({ ...another, ...change }, app));
    expect(answer).toMatchObject({ ...expected, narrow: false });
  });

  test('a refresh token that names its API is taken, and one for another API is not', async () => {
    const [one, another] = [await tokensOf(plain()), await tokensOf(plain())];
    const named = (of: typeof one, resource: string) => sent({ ...refreshOf(of.refresh_token), resource }, app);
    const elsewhere = await ways.compare(named(one, signed.identifier), named(another, signed.identifier));
    expect(elsewhere).toMatchObject({ status: 400, narrow: false, body: { error: 'invalid_target' } });
    const answer = await ways.compare(named(one, api.identifier), named(another, api.identifier));
    expect(answer).toMatchObject({ status: 200, narrow: true });
  });

  test.each<[string, () => Asked, Asked, object, number]>([
    ['less than was granted', plain, { scope: 'things:read' }, {}, 200],
    ['a token bound to a key', plain, {}, { dpop_bound_access_tokens: true }, 400],
  ])('leaves the refresh to the engine that asks for %s', async (_, request, more, change, status) => {
    const client = await registered();
    const [one, another] = [await tokensOf(request(), client), await tokensOf(request(), client)];
    await changed(client, change);
    const refresh = (of: typeof one) => sent({ ...refreshOf(of.refresh_token), ...more }, client);
    expect(await ways.compare(refresh(one), refresh(another))).toMatchObject({ status, narrow: false });
  });

  test.each<[string, Asked]>([
    ['another verifier', { code_verifier: 'x'.repeat(43) }],
    ['a verifier that is too short', { code_verifier: 'short' }],
    ['no verifier', { code_verifier: '' }],
    ['another redirect URI', { redirect_uri: 'https://app.example/other' }],
    ['a code that was never given', { code: 'A'.repeat(43) }],
  ])('leaves to the engine to refuse a code with %s, which stays good', async (_, change) => {
    const code = await codeOf(plain());
    const answer = await ways.compare(sent({ ...code, ...change }, app));
    expect(answer).toMatchObject({ status: 400, narrow: false });
    expect(await ways.compare(sent(code, app), sent(await codeOf(plain()), app))).toMatchObject({
      status: 200,
      narrow: true,
    });
  });

  test('leaves to the engine to refuse what is of another client, and what is none of these', async () => {
    const [other, { refresh_token, access_token }] = [await registered(), await tokensOf(plain())];
    const wrong = [
      [refresh_token, other],
      [access_token, app],
      ['A'.repeat(43), app],
    ] as const;
    for (const [value, client] of wrong) {
      const answer = await ways.compare(sent(refreshOf(value), client));
      expect(answer).toMatchObject({ status: 400, narrow: false, body: { error: 'invalid_grant' } });
    }
    expect(await token(world.server, refreshOf(refresh_token), { as: app })).toMatchObject({ status: 200 });
  });

  test('a client whose scope was taken away gets no token for it', async () => {
    const client = await registered();
    const [one, another] = [await tokensOf(plain(), client), await tokensOf(plain(), client)];
    await changed(client, { scope: 'openid' });
    const answer = await ways.compare(
      sent(refreshOf(one.refresh_token), client),
      sent(refreshOf(another.refresh_token), client),
    );
    expect(answer).toMatchObject({ status: 400, narrow: false });
  });

  test('the answer that was given here is the one the engine repeats, and the other way round', async () => {
    const [one, another] = [await tokensOf(plain()), await tokensOf(plain())];
    const answer = await ways.compare(
      sent(refreshOf(one.refresh_token), app),
      sent(refreshOf(another.refresh_token), app),
    );
    const again = async (of: typeof one) => (await token(world.server, refreshOf(of.refresh_token), { as: app })).body;
    expect(await again(one)).toEqual(answer.body);
    expect(await again(another)).toEqual(answer.wide);
  });

  test('of many refreshes at once one is answered, and a client without grace loses the family', async () => {
    const strict = await registered({ refresh_token_grace: 0 });
    const { refresh_token } = await tokensOf(plain(), strict);
    const answers = await Promise.all(
      Array.from({ length: AT_ONCE }, () => token(world.server, refreshOf(refresh_token), { as: strict })),
    );
    const [winner, ...others] = answers.filter(({ status }) => status === 200);
    expect(others).toEqual([]);
    expect((await introspect(world.server, winner?.body.access_token, strict)).active).toBe(false);
  });

  test('of many exchanges of a code at once one is answered, and what it gave ends', async () => {
    const code = await codeOf(plain());
    const answers = await Promise.all(Array.from({ length: AT_ONCE }, () => token(world.server, code, { as: app })));
    const [winner, ...others] = answers.filter(({ status }) => status === 200);
    expect(others).toEqual([]);
    expect((await introspect(world.server, winner?.body.access_token, app)).active).toBe(false);
  });

  test('who is disabled, and whose grant has ended, gets nothing more', async () => {
    const gone = await registerUser(world.admin);
    const sign = () => signInFor(world.server, app, gone, plain());
    const [disabled, ended] = [await sign(), await sign()];
    await post(world.server, '/oauth/revoke', { token: ended.refresh_token }, { as: app });
    expect(await ways.compare(sent(refreshOf(ended.refresh_token), app))).toMatchObject({ status: 400, narrow: false });
    await world.admin.post(`/users/${gone.id}/disable`, { duration: null });
    expect(await ways.compare(sent(refreshOf(disabled.refresh_token), app))).toMatchObject({
      status: 400,
      narrow: false,
    });
  });

  test.each<[string, Asked, boolean]>([
    ['for a scope', { scope: 'things:read' }, true],
    ['for an ID token and what lasts', { scope: 'openid offline_access' }, true],
    ['for nothing in particular', {}, false],
  ])('takes a refresh token of the password grant, if it is %s', async (_, scope, narrow) => {
    const client = await registered({ grant_types: ['password', 'refresh_token'], redirect_uris: [] });
    const { username, password } = user;
    const asking = { grant_type: 'password', username, password, ...scope };
    const sign = async () => granted(await token(world.server, asking, { as: client }));
    const [one, another] = [await sign(), await sign()];
    const answer = await ways.compare(
      sent(refreshOf(one.refresh_token), client),
      sent(refreshOf(another.refresh_token), client),
    );
    expect(answer).toMatchObject({ status: 200, narrow });
    await expectAlike(answer.body, answer.wide, client);
  });

  test('a secret in the body is as good', async () => {
    const client = await registered({ token_endpoint_auth_method: 'client_secret_post' });
    const { client_id, client_secret } = client;
    const [one, another] = [await codeOf(plain(), client), await codeOf(plain(), client)];
    const withSecret = (code: Asked) => sent({ ...code, client_id, client_secret }, client);
    expect(granted(await ways.compare(withSecret(one), withSecret(another)))).toMatchObject({ expires_in: 600 });
  });
});
