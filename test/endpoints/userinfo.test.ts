import { beforeAll, describe, expect, test } from '@jest/globals';
import {
  type RegisteredClient,
  type RegisteredUser,
  registerApi,
  registerClient,
  registerUser,
} from '../support/clients.ts';
import { ENGINES } from '../support/database.ts';
import { type Answer, get, post, signInFor, startWorld, type World } from './protocol.ts';

describe.each(ENGINES)('Userinfo (OpenID Connect Core §5.3) on %s', (engine) => {
  let world: World;
  let user: RegisteredUser;
  let app: RegisteredClient;

  beforeAll(async () => {
    world = await startWorld(engine);
    await registerApi(world.admin);
    user = await registerUser(world.admin, { claims: { phone_number: '+1 555', locale: 'de', favourite: 'blue' } });
    app = await registerClient(world.admin, { scope: 'openid profile email phone things:read' });
  });

  const userinfo = (accessToken: string, scheme = 'Bearer'): Promise<Answer> =>
    get(world.server, '/oauth/userinfo', { authorization: `${scheme} ${accessToken}` });

  test.each([
    ['openid', ['sub']],
    ['openid email', ['sub', 'email']],
    ['openid profile', ['sub', 'locale', 'name', 'preferred_username', 'updated_at']],
    ['openid phone', ['sub', 'phone_number']],
  ])('for the scopes %s says %j', async (scope, names) => {
    const { access_token } = await signInFor(world.server, app, user, { scope });
    const { status, body } = await userinfo(access_token);
    expect(status).toBe(200);
    expect(Object.keys(body).sort()).toEqual([...names].sort());
    expect(body.sub).toBe(user.id);
  });

  test('answers a POST with the token in the body, and at every spelling of the path', async () => {
    const { access_token } = await signInFor(world.server, app, user);
    expect(await post(world.server, '/oauth/userinfo', { access_token })).toMatchObject({ body: { sub: user.id } });
    const headers = { authorization: `Bearer ${access_token}` };
    for (const path of ['/OAUTH/USERINFO', '/oauth/userinfo/']) {
      expect(await get(world.server, path, headers)).toMatchObject({ status: 200, body: { sub: user.id } });
    }
  });

  test('takes no token from the query (RFC 6750 §2.3: it would be in every log)', async () => {
    const { access_token } = await signInFor(world.server, app, user);
    expect(await get(world.server, `/oauth/userinfo?access_token=${access_token}`)).toMatchObject({ status: 400 });
  });

  test('says the current claims, not those of the time of the sign-in', async () => {
    const person = await registerUser(world.admin);
    const { access_token } = await signInFor(world.server, app, person, { scope: 'openid profile' });
    await world.admin.patch(`/users/${person.id}`, { name: 'Ann Other' });
    expect(await userinfo(access_token)).toMatchObject({ body: { name: 'Ann Other' } });
  });

  test.each(['nonsense', 'A'.repeat(43), 'eyJhbGciOiJub25lIn0.e30.'])(
    'refuses the token %s with 401',
    async (value) => {
      const answer = await userinfo(value);
      expect(answer).toMatchObject({ status: 401, body: { error: 'invalid_token' } });
      expect(answer.headers.get('www-authenticate')).toMatch(/^Bearer .*error="invalid_token"/);
    },
  );

  test('refuses a refresh token and an ID token with 401', async () => {
    const tokens = await signInFor(world.server, app, user);
    for (const value of [tokens.refresh_token, tokens.id_token]) {
      const answer = await userinfo(value);
      expect(answer).toMatchObject({ status: 401, body: { error: 'invalid_token' } });
      expect(answer.headers.get('www-authenticate')).toContain('error="invalid_token"');
    }
  });

  test('refuses a token for an API with 403: openid is not among its scopes', async () => {
    const { access_token } = await signInFor(world.server, app, user, { scope: 'openid things:read' });
    const answer = await userinfo(access_token);
    expect(answer).toMatchObject({ status: 403, body: { error: 'insufficient_scope' } });
    expect(answer.headers.get('www-authenticate')).toContain('scope="openid"');
  });

  test('without any token is a bare challenge (RFC 6750 §3.1)', async () => {
    const answer = await get(world.server, '/oauth/userinfo');
    expect(answer.status).toBe(401);
    expect(answer.headers.get('www-authenticate')).toMatch(/^Bearer /);
    expect(answer.headers.get('www-authenticate')).not.toContain('error=');
  });

  test('of a user who is disabled is refused', async () => {
    const person = await registerUser(world.admin);
    const { access_token } = await signInFor(world.server, app, person);
    await world.admin.post(`/users/${person.id}/disable`, { duration: null });
    expect(await userinfo(access_token)).toMatchObject({ status: 401, body: { error: 'invalid_token' } });
  });
});
