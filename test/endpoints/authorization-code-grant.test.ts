import { beforeAll, describe, expect, test } from '@jest/globals';
import {
  REDIRECT_URI,
  type RegisteredClient,
  type RegisteredUser,
  registerClient,
  registerUser,
} from '../support/clients.ts';
import { ENGINES } from '../support/database.ts';
import { authorize, granted, isActive, pkce, post, refreshed, startWorld, token, type World } from './protocol.ts';

describe.each(ENGINES)('The authorization code grant at the token endpoint (RFC 6749 §4.1.3) on %s', (engine) => {
  let world: World;
  let user: RegisteredUser;
  let app: RegisteredClient;

  beforeAll(async () => {
    world = await startWorld(engine);
    [user, app] = await Promise.all([registerUser(world.admin), registerClient(world.admin)]);
  });

  const exchange = (parameters: Record<string, string>, as: RegisteredClient = app) =>
    token(world.server, parameters, { as });

  test('a code gives tokens that no cache may keep', async () => {
    const answer = await exchange(await authorize(world.server, app, user, { scope: 'openid email' }));
    expect(answer).toMatchObject({
      status: 200,
      body: { token_type: 'Bearer', expires_in: 3600, scope: 'openid email', refresh_token: expect.any(String) },
    });
    expect(answer.headers.get('cache-control')).toMatch(/no-store/);
  });

  test.each<[what: string, change: Record<string, string | undefined>, error: string]>([
    ['another code verifier', { code_verifier: pkce().verifier }, 'invalid_grant'],
    ['no code verifier', { code_verifier: undefined }, 'invalid_grant'],
    ['an ill-formed code verifier', { code_verifier: 'short' }, 'invalid_request'],
    ['another redirect_uri', { redirect_uri: `${REDIRECT_URI}/` }, 'invalid_grant'],
    ['no code', { code: undefined }, 'invalid_request'],
    ['a code that was never given', { code: 'A'.repeat(43) }, 'invalid_grant'],
  ])('with %s it is refused, and the code remains good', async (_what, change, error) => {
    const right = await authorize(world.server, app, user);
    const wrong = Object.fromEntries(
      Object.entries({ ...right, ...change }).filter((pair): pair is [string, string] => pair[1] !== undefined),
    );
    const refusal = await exchange(wrong);
    expect(refusal).toMatchObject({ status: 400, body: { error } });
    expect(refusal.body).not.toHaveProperty('access_token');
    expect(await exchange(right)).toMatchObject({ status: 200 });
  });

  test("another client's code is refused, and remains good for its own", async () => {
    const other = await registerClient(world.admin);
    const right = await authorize(world.server, app, user);
    expect(await exchange(right, other)).toMatchObject({ status: 400, body: { error: 'invalid_grant' } });
    expect(await exchange(right)).toMatchObject({ status: 200 });
  });

  test('a code used twice is refused, and what it gave before ends (RFC 6749 §4.1.2)', async () => {
    const right = await authorize(world.server, app, user);
    const first = granted(await exchange(right));
    expect(await isActive(world.server, first.access_token, app)).toBe(true);
    expect(await exchange(right)).toMatchObject({ status: 400, body: { error: 'invalid_grant' } });
    expect(await isActive(world.server, first.access_token, app)).toBe(false);
    expect(await isActive(world.server, first.refresh_token, app)).toBe(false);
    const refresh = await refreshed(world.server, first.refresh_token, app);
    expect(refresh).toMatchObject({ status: 400, body: { error: 'invalid_grant' } });
  });

  test('what one sign-in gave survives the misuse of the code of another', async () => {
    const bystander = granted(await exchange(await authorize(world.server, app, user)));
    const right = await authorize(world.server, app, user);
    granted(await exchange(right));
    expect(await exchange(right)).toMatchObject({ status: 400 });
    expect(await isActive(world.server, bystander.access_token, app)).toBe(true);
  });

  test.each([
    ['/OAUTH/TOKEN', '/oauth/token'],
    ['/oauth/token/', '/oauth/token/'],
    ['/Oauth/Token/', '/OAUTH/TOKEN'],
  ])('at %s a code is as good as at the canonical path, and just as single-use at %s', async (first, second) => {
    const right = await authorize(world.server, app, user);
    const tokens = granted(await post(world.server, first, right, { as: app }));
    expect(await isActive(world.server, tokens.access_token, app)).toBe(true);
    const again = await post(world.server, second, right, { as: app });
    expect(again).toMatchObject({ status: 400, body: { error: 'invalid_grant' } });
    expect(await isActive(world.server, tokens.access_token, app)).toBe(false);
  });

  test('a code raced at the variants of the path gives tokens once', async () => {
    const right = await authorize(world.server, app, user);
    const paths = ['/oauth/token', '/OAUTH/TOKEN', '/oauth/token/', '/Oauth/token/'];
    const answers = await Promise.all(paths.map((path) => post(world.server, path, right, { as: app })));
    expect(answers.filter(({ status }) => status === 200)).toHaveLength(1);
    expect(answers.filter(({ body }) => body.error === 'invalid_grant')).toHaveLength(paths.length - 1);
  });

  test('a client that may not use the grant is refused', async () => {
    const right = await authorize(world.server, app, user);
    const machine = await registerClient(world.admin, {
      grant_types: ['client_credentials'],
      redirect_uris: [],
      response_types: [],
    });
    const refusal = await exchange(right, machine);
    expect(refusal.status).toBe(400);
    expect(refusal.body.error).toBe('unauthorized_client');
  });

  test('a user disabled between sign-in and exchange gets nothing', async () => {
    const gone = await registerUser(world.admin);
    const right = await authorize(world.server, app, gone);
    await world.admin.post(`/users/${gone.id}/disable`, { duration: null });
    expect(await exchange(right)).toMatchObject({ status: 400, body: { error: 'invalid_grant' } });
  });

  test('without refresh_token among its grant types a client gets no refresh token', async () => {
    const short = await registerClient(world.admin, { grant_types: ['authorization_code'] });
    const right = await authorize(world.server, short, user, { scope: 'openid offline_access', prompt: 'consent' });
    expect(granted(await exchange(right, short))).not.toHaveProperty('refresh_token');
  });
});

describe('The token endpoint (RFC 6749 §3.2)', () => {
  let world: World;
  let app: RegisteredClient;

  beforeAll(async () => {
    world = await startWorld('embedded');
    app = await registerClient(world.admin);
  });

  test('names the missing grant_type', async () => {
    const answer = await token(world.server, {}, { as: app });
    expect(answer).toMatchObject({ status: 400, body: { error: 'invalid_request' } });
    expect(answer.body.error_description).toMatch(/grant_type/);
  });

  test('knows no grant type that is off', async () => {
    for (const grant_type of ['implicit', 'urn:openid:params:grant-type:ciba', 'nonsense', '__proto__']) {
      const answer = await token(world.server, { grant_type }, { as: app });
      expect(answer).toMatchObject({ status: 400, body: { error: 'unsupported_grant_type' } });
    }
  });

  test('refuses a parameter sent twice', async () => {
    const twice: [string, string][] = [
      ['grant_type', 'refresh_token'],
      ['refresh_token', 'a'],
      ['refresh_token', 'b'],
    ];
    const answer = await token(world.server, twice, { as: app });
    expect(answer).toMatchObject({ status: 400, body: { error: 'invalid_request' } });
    expect(answer.body.error_description).toMatch(/refresh_token/);
  });

  test.each(['GET', 'PUT', 'DELETE'])('does not answer %s with tokens', async (method) => {
    const response = await fetch(`${world.server.url}/oauth/token?grant_type=client_credentials`, { method });
    expect(response.status).toBeGreaterThanOrEqual(400);
    expect(response.status).toBeLessThan(500);
  });
});
