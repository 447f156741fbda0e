import { beforeAll, describe, expect, test } from '@jest/globals';
import {
  type RegisteredClient,
  type RegisteredUser,
  registerApi,
  registerClient,
  registerMachine,
  registerUser,
} from '../support/clients.ts';
import { ENGINES } from '../support/database.ts';
import { get, granted, isActive, post, refreshed, signInFor, startWorld, token, type World } from './protocol.ts';

describe.each(ENGINES)('Revocation (RFC 7009) on %s', (engine) => {
  let world: World;
  let user: RegisteredUser;
  let app: RegisteredClient;

  beforeAll(async () => {
    world = await startWorld(engine);
    await registerApi(world.admin);
    await registerApi(world.admin, { scopes: [{ name: 'jwt:read', description: 'See' }], access_token_format: 'jwt' });
    user = await registerUser(world.admin);
    app = await registerClient(world.admin, { scope: 'openid things:read jwt:read' });
  });

  const revoke = (value: string, as: RegisteredClient = app, more = {}) =>
    post(world.server, '/oauth/revoke', { token: value, ...more }, { as });
  const active = (value: string, as: RegisteredClient = app) => isActive(world.server, value, as);

  test.each(['things:read', 'jwt:read'])('ends a machine token for %s at once', async (scope) => {
    const machine = await registerMachine(world.admin, scope);
    const [one, other] = await Promise.all(
      [1, 2].map(async () =>
        granted(await token(world.server, { grant_type: 'client_credentials', scope }, { as: machine })),
      ),
    );
    expect(await active(one.access_token, machine)).toBe(true);
    expect(await revoke(one.access_token, machine)).toMatchObject({ status: 200, body: '' });
    expect(await active(one.access_token, machine)).toBe(false);
    expect(await active(other.access_token, machine)).toBe(true);
  });

  test.each(['openid', 'things:read', 'jwt:read'])(
    'of an access token for %s leaves its refresh token',
    async (scope) => {
      const tokens = await signInFor(world.server, app, user, { scope });
      expect(await revoke(tokens.access_token)).toMatchObject({ status: 200 });
      expect(await active(tokens.access_token)).toBe(false);
      const next = granted(await refreshed(world.server, tokens.refresh_token, app));
      expect(await active(next.access_token)).toBe(true);
    },
  );

  test.each(['things:read', 'jwt:read'])(
    'of a refresh token ends its access tokens for %s (RFC 7009 §2.1)',
    async (scope) => {
      const first = await signInFor(world.server, app, user, { scope });
      const second = granted(await refreshed(world.server, first.refresh_token, app));
      expect(await revoke(second.refresh_token)).toMatchObject({ status: 200 });
      expect(await refreshed(world.server, second.refresh_token, app)).toMatchObject({
        body: { error: 'invalid_grant' },
      });
      expect(await active(first.access_token)).toBe(false);
      expect(await active(second.access_token)).toBe(false);
    },
  );

  test('of one sign-in leaves another of the same client and user', async () => {
    const [one, other] = [await signInFor(world.server, app, user), await signInFor(world.server, app, user)];
    expect(await revoke(one.refresh_token)).toMatchObject({ status: 200 });
    expect(await active(other.access_token)).toBe(true);
  });

  test.each(['access_token', 'refresh_token', 'nonsense'])('with the hint %s finds either kind', async (hint) => {
    const tokens = await signInFor(world.server, app, user, { scope: 'jwt:read' });
    const more = { token_type_hint: hint };
    for (const value of [tokens.access_token, tokens.refresh_token]) {
      expect(await revoke(value, app, more)).toMatchObject({ status: 200 });
      expect(await active(value)).toBe(false);
    }
  });

  test.each(['/OAUTH/REVOKE', '/oauth/revoke/'])('at %s ends a token just as well', async (path) => {
    const tokens = await signInFor(world.server, app, user, { scope: 'jwt:read' });
    for (const value of [tokens.access_token, tokens.refresh_token]) {
      expect(await post(world.server, path, { token: value }, { as: app })).toMatchObject({ status: 200 });
      expect(await active(value)).toBe(false);
    }
  });

  test.each([
    ['an unknown one', 'A'.repeat(43)],
    ["somebody else's JWT", 'eyJhbGciOiJub25lIn0.e30.'],
    ['a short one', 'x'],
    ['a very long one', 'x'.repeat(20_000)],
  ])('of %s is 200 like any other: there is nothing left to end', async (_what, value) => {
    expect(await revoke(value)).toMatchObject({ status: 200 });
  });

  test('a second time is 200 too', async () => {
    const { access_token } = await signInFor(world.server, app, user);
    expect(await revoke(access_token)).toMatchObject({ status: 200 });
    expect(await revoke(access_token)).toMatchObject({ status: 200 });
  });

  test("another client's token is refused and stays good", async () => {
    const other = await registerClient(world.admin);
    for (const scope of ['things:read', 'jwt:read']) {
      const tokens = await signInFor(world.server, app, user, { scope });
      for (const value of [tokens.access_token, tokens.refresh_token]) {
        expect(await revoke(value, other)).toMatchObject({ status: 400, body: { error: 'invalid_request' } });
        expect(await active(value)).toBe(true);
      }
    }
  });

  test('needs client authentication and a token', async () => {
    const wrong = { ...app, client_secret: 'wrong' };
    expect(await revoke('anything', wrong)).toMatchObject({ status: 401, body: { error: 'invalid_client' } });
    const none = await post(world.server, '/oauth/revoke', {}, { as: app });
    expect(none).toMatchObject({ status: 400, body: { error: 'invalid_request' } });
  });

  test('of an admin token ends its use at the API', async () => {
    const { client_id, client_secret } = world.server.admin;
    const as = { client_id, client_secret };
    const asked = { grant_type: 'client_credentials', scope: 'users:read' };
    const { access_token } = granted(await token(world.server, asked, { as }));
    const headers = { authorization: `Bearer ${access_token}` };
    expect(await get(world.server, '/api/v1/users', headers)).toMatchObject({ status: 200 });
    expect(await revoke(access_token, as)).toMatchObject({ status: 200 });
    const refused = await get(world.server, '/api/v1/users', headers);
    expect(refused.status).toBe(401);
    expect(refused.headers.get('www-authenticate')).toBe('Bearer error="invalid_token"');
  });
});
