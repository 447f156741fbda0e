import { beforeAll, describe, expect, test } from '@jest/globals';
import { createRemoteJWKSet, jwtVerify } from 'jose';
import {
  type RegisteredClient,
  type RegisteredUser,
  registerApi,
  registerClient,
  registerUser,
} from '../support/clients.ts';
import { ENGINES } from '../support/database.ts';
import { granted, introspect, isActive, refreshed, startWorld, token, type World } from './protocol.ts';

const GRANT = { grant_type: 'password' };

describe.each(ENGINES)('The password grant (RFC 6749 §4.3) on %s', (engine) => {
  let world: World;
  let user: RegisteredUser;
  let app: RegisteredClient;

  beforeAll(async () => {
    world = await startWorld(engine);
    await registerApi(world.admin);
    user = await registerUser(world.admin);
    app = await registerClient(world.admin, {
      grant_types: ['password', 'refresh_token'],
      redirect_uris: [],
      response_types: [],
      scope: 'openid email offline_access things:read',
    });
  });

  const ask = (parameters: Record<string, string>, as: RegisteredClient = app) =>
    token(world.server, { ...GRANT, ...parameters }, { as });
  const credentials = () => ({ username: user.username, password: user.password });

  test('gives tokens of the user; the ID token says how and when (OpenID Connect Core §2)', async () => {
    const before = Math.floor(Date.now() / 1000);
    const tokens = granted(await ask({ ...credentials(), scope: 'openid email' }));
    const keys = createRemoteJWKSet(new URL(`${world.server.url}/oauth/jwks`));
    const { payload } = await jwtVerify(tokens.id_token, keys, {
      issuer: world.server.issuer,
      audience: app.client_id,
    });
    expect(payload).toMatchObject({ sub: user.id, amr: ['pwd'], email: user.email, auth_time: expect.any(Number) });
    expect(payload.auth_time as number).toBeGreaterThanOrEqual(before);
    expect(payload.auth_time as number).toBeLessThanOrEqual(Math.ceil(Date.now() / 1000));
    expect(await introspect(world.server, tokens.access_token, app)).toMatchObject({ active: true, sub: user.id });
  });

  test('gives a refresh token that works', async () => {
    const tokens = granted(await ask({ ...credentials(), scope: 'things:read' }));
    expect(tokens.scope).toBe('things:read');
    const next = granted(await refreshed(world.server, tokens.refresh_token, app));
    expect(await introspect(world.server, next.access_token, app)).toMatchObject({ active: true, sub: user.id });
  });

  test('is for clients registered with it only', async () => {
    const web = await registerClient(world.admin);
    const answer = await ask(credentials(), web);
    expect(answer.status).toBe(400);
    expect(answer.body.error).toBe('unauthorized_client');
  });

  test('names what is missing', async () => {
    const { username, password } = credentials();
    const [noName, noPassword, neither] = await Promise.all([ask({ password }), ask({ username }), ask({})]);
    expect(noName.body).toMatchObject({
      error: 'invalid_request',
      error_description: expect.stringMatching(/username$/),
    });
    expect(noPassword.body).toMatchObject({ error_description: expect.stringMatching(/password$/) });
    expect(neither.body).toMatchObject({ error_description: expect.stringMatching(/username, password$/) });
  });

  test('does not tell a wrong password from an unknown or a disabled user', async () => {
    const disabled = await registerUser(world.admin);
    await world.admin.post(`/users/${disabled.id}/disable`, { duration: null });
    const answers = await Promise.all([
      ask({ ...credentials(), password: `${user.password}x` }),
      ask({ ...credentials(), username: `no-${user.username}` }),
      ask({ username: disabled.username, password: disabled.password }),
      ask({ ...credentials(), password: 'x'.repeat(2000) }),
    ]);
    for (const { status, body } of answers) {
      expect({ status, body }).toEqual({
        status: 400,
        body: { error: 'invalid_grant', error_description: 'the user name or password is wrong' },
      });
    }
  });

  test('a disabled user comes back when enabled, but not what was handed out before', async () => {
    const person = await registerUser(world.admin);
    const as = { username: person.username, password: person.password, scope: 'openid' };
    const before = granted(await ask(as));
    await world.admin.post(`/users/${person.id}/disable`, { duration: null });
    expect(await isActive(world.server, before.access_token, app)).toBe(false);
    await world.admin.post(`/users/${person.id}/enable`);
    expect(await ask(as)).toMatchObject({ status: 200 });
  });

  test('refuses a scope that the client was not granted, before it looks at the password', async () => {
    const answer = await ask({ ...credentials(), password: 'wrong', scope: 'openid things:write' });
    expect(answer).toMatchObject({ status: 400, body: { error: 'invalid_scope', scope: 'things:write' } });
  });

  test('refuses an unknown resource', async () => {
    const answer = await ask({ ...credentials(), resource: 'https://no.such.example/' });
    expect(answer).toMatchObject({ status: 400, body: { error: 'invalid_target' } });
  });

  test('takes the username in any case and Unicode form that means the same', async () => {
    const answer = await ask({ ...credentials(), username: user.username.toUpperCase(), scope: 'openid' });
    expect(answer).toMatchObject({ status: 200 });
  });
});
