import { beforeAll, describe, expect, test } from '@jest/globals';
import {
  type RegisteredApi,
  type RegisteredClient,
  type RegisteredUser,
  registerApi,
  registerClient,
  registerUser,
} from '../support/clients.ts';
import { ENGINES } from '../support/database.ts';
import { granted, introspect, isActive, post, refreshed, signInFor, startWorld, type World } from './protocol.ts';

describe.each(ENGINES)('The refresh grant (RFC 6749 §6, RFC 9700 §4.14) on %s', (engine) => {
  let world: World;
  let api: RegisteredApi;
  let user: RegisteredUser;
  let app: RegisteredClient;

  beforeAll(async () => {
    world = await startWorld(engine);
    api = await registerApi(world.admin);
    [user, app] = await Promise.all([
      registerUser(world.admin),
      // Strict: what the grace window repeats is told by test/flows/refresh.test.ts.
      registerClient(world.admin, { scope: 'openid email things:read things:write', refresh_token_grace: 0 }),
    ]);
  });

  const signInWith = (scope: string, as: RegisteredClient = app) => signInFor(world.server, as, user, { scope });
  const refresh = (value: string, more = {}, as: RegisteredClient = app) => refreshed(world.server, value, as, more);
  const active = (value: string) => isActive(world.server, value, app);
  const REFUSED = { status: 400, body: { error: 'invalid_grant' } };

  test('gives a new refresh token each time, for the same scopes and API', async () => {
    const first = await signInWith('things:read things:write');
    const second = granted(await refresh(first.refresh_token));
    const third = granted(await refresh(second.refresh_token));
    expect(new Set([first, second, third].map(({ refresh_token }) => refresh_token)).size).toBe(3);
    expect(third.scope).toBe('things:read things:write');
    expect(await introspect(world.server, third.access_token, app)).toMatchObject({
      active: true,
      aud: api.identifier,
      scope: 'things:read things:write',
      sub: user.id,
    });
  });

  test('gives a new ID token where openid was granted', async () => {
    const first = await signInWith('openid email');
    const claims = (jwt: string) => JSON.parse(Buffer.from(jwt.split('.')[1] ?? '', 'base64url').toString());
    const next = claims(granted(await refresh(first.refresh_token)).id_token);
    const { iss, sub, aud, auth_time } = claims(first.id_token);
    expect(next).toMatchObject({ iss, sub, aud, auth_time });
  });

  test('a refresh token used twice ends its whole family', async () => {
    const first = await signInWith('things:read');
    const second = granted(await refresh(first.refresh_token));
    expect(await active(second.access_token)).toBe(true);
    expect(await refresh(first.refresh_token)).toMatchObject(REFUSED);
    expect(await refresh(second.refresh_token)).toMatchObject(REFUSED);
    expect(await active(second.access_token)).toBe(false);
    expect(await active(first.access_token)).toBe(false);
  });

  test('the misuse of one family leaves another sign-in alone', async () => {
    const bystander = await signInWith('things:read');
    const first = await signInWith('things:read');
    granted(await refresh(first.refresh_token));
    expect(await refresh(first.refresh_token)).toMatchObject(REFUSED);
    expect(await active(bystander.access_token)).toBe(true);
    expect(await refresh(bystander.refresh_token)).toMatchObject({ status: 200 });
  });

  test('at another spelling of the path a refresh token is just as single-use', async () => {
    const first = await signInWith('things:read');
    const how = { as: app };
    const parameters = { grant_type: 'refresh_token', refresh_token: first.refresh_token };
    granted(await post(world.server, '/OAUTH/Token/', parameters, how));
    expect(await post(world.server, '/oauth/token', parameters, how)).toMatchObject(REFUSED);
  });

  test("another client's refresh token is refused, and stays good for its own", async () => {
    const other = await registerClient(world.admin);
    const first = await signInWith('things:read');
    expect(await refresh(first.refresh_token, {}, other)).toMatchObject(REFUSED);
    expect(await refresh(first.refresh_token)).toMatchObject({ status: 200 });
  });

  test('narrows the scope for one access token, not for good', async () => {
    const first = await signInWith('things:read things:write');
    const narrow = granted(await refresh(first.refresh_token, { scope: 'things:read' }));
    expect(narrow.scope).toBe('things:read');
    expect(await introspect(world.server, narrow.access_token, app)).toMatchObject({ scope: 'things:read' });
    expect(granted(await refresh(narrow.refresh_token)).scope).toBe('things:read things:write');
  });

  test('never widens the scope: invalid_scope names what is too much, and the token stays good', async () => {
    const first = await signInWith('things:read');
    const wide = await refresh(first.refresh_token, { scope: 'things:read things:write' });
    expect(wide).toMatchObject({ status: 400, body: { error: 'invalid_scope', scope: 'things:write' } });
    expect(await refresh(first.refresh_token)).toMatchObject({ status: 200 });
  });

  test('a scope withdrawn from the client is not given again', async () => {
    const client = await registerClient(world.admin, { scope: 'openid things:read things:write' });
    const first = await signInWith('things:read things:write', client);
    await world.admin.patch(`/clients/${client.client_id}`, { scope: 'openid things:read' });
    const next = await refresh(first.refresh_token, {}, client);
    if (next.status === 200) expect(next.body.scope).toBe('things:read');
    else expect(next).toMatchObject({ status: 400 });
  });

  test('of a disabled user or client is refused', async () => {
    const person = await registerUser(world.admin);
    const client = await registerClient(world.admin);
    const ofUser = await signInFor(world.server, app, person);
    const ofClient = await signInFor(world.server, client, user);
    await world.admin.post(`/users/${person.id}/disable`, { duration: null });
    await world.admin.patch(`/clients/${client.client_id}`, { disabled: true });
    expect(await refresh(ofUser.refresh_token)).toMatchObject(REFUSED);
    expect(await refresh(ofClient.refresh_token, {}, client)).toMatchObject({ status: 401 });
  });

  test('of a deleted user is refused', async () => {
    const person = await registerUser(world.admin);
    const { refresh_token } = await signInFor(world.server, app, person);
    expect(await world.admin.delete(`/users/${person.id}`)).toMatchObject({ status: 204 });
    expect(await refresh(refresh_token)).toMatchObject(REFUSED);
  });

  test.each(['access_token', 'id_token'])('does not take an %s', async (kind) => {
    const first = await signInWith('openid');
    expect(await refresh(first[kind])).toMatchObject(REFUSED);
    expect(await active(first.access_token)).toBe(true);
  });

  test('names the missing parameter', async () => {
    const answer = await post(world.server, '/oauth/token', { grant_type: 'refresh_token' }, { as: app });
    expect(answer).toMatchObject({ status: 400, body: { error: 'invalid_request' } });
    expect(answer.body.error_description).toMatch(/refresh_token/);
  });

  test('a public client is bound to rotation like any other', async () => {
    const open = await registerClient(world.admin, { token_endpoint_auth_method: 'none', refresh_token_grace: 0 });
    const first = await signInFor(world.server, open, user);
    const second = granted(await refresh(first.refresh_token, {}, open));
    expect(await refresh(first.refresh_token, {}, open)).toMatchObject(REFUSED);
    expect(await refresh(second.refresh_token, {}, open)).toMatchObject(REFUSED);
  });
});
