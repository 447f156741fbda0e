/** What one instance ends, the others refuse at their next request. */
import { beforeAll, describe, expect, test } from '@jest/globals';
import { codeFor, exchange, introspect, post } from '../races/app.ts';
import { type AdminApi, adminApi, registerApi, registerClient, registerUser } from '../support/clients.ts';
import { ENGINES } from '../support/database.ts';
import { eventually } from '../support/eventually.ts';
import { restart, type Server, secondInstance, startServer } from '../support/server.ts';

const SCOPE = 'openid things:read';

(ENGINES.includes('postgres') ? describe : describe.skip)('Two instances on one Postgres', () => {
  let one: Server;
  let two: Server;
  let admin: AdminApi;

  beforeAll(async () => {
    one = await startServer({ engine: 'postgres' });
    two = await secondInstance(one);
    admin = await adminApi(one);
    await registerApi(admin);
  }, 60_000);

  async function signedIn() {
    const user = await registerUser(admin);
    const app = { ...(await registerClient(admin, { scope: SCOPE, first_party: true })), user };
    const { body } = await exchange(two, app, await codeFor(one, app, SCOPE));
    const { body: person } = await exchange(two, app, await codeFor(one, app, 'openid'));
    return { app, tokens: body, userinfoToken: person.access_token as string };
  }

  /** What the second instance says to what was good until now. The introspecting client is another one, of the API. */
  async function answersOf(at: Server, { app, tokens, userinfoToken }: Awaited<ReturnType<typeof signedIn>>) {
    const headers = { authorization: `Bearer ${userinfoToken}` };
    const userinfo = await fetch(`${at.url}/oauth/userinfo`, { headers });
    const refresh = { grant_type: 'refresh_token', refresh_token: tokens.refresh_token };
    return {
      active: (await introspect(at, app, tokens.access_token)).active,
      userinfo: userinfo.status,
      refresh: (await post(at, '/oauth/token', app, refresh)).body.error,
    };
  }

  const REFUSED = { active: false, userinfo: 401, refresh: 'invalid_grant' };

  test.each<[what: string, end: (app: Awaited<ReturnType<typeof signedIn>>['app']) => Promise<{ status: number }>]>([
    ['a rule for the user', ({ user }) => admin.post('/revocation-rules', { user_id: user.id, reason: 'x' })],
    ['a rule for the client', ({ client_id }) => admin.post('/revocation-rules', { client_id, reason: 'x' })],
    ['revoking all of the user', ({ user }) => admin.delete(`/users/${user.id}/tokens`)],
    ['revoking all of the client', ({ client_id }) => admin.delete(`/clients/${client_id}/tokens`)],
    ['ending all grants of the user', ({ user }) => admin.delete(`/users/${user.id}/grants`)],
    ['disabling the user', ({ user }) => admin.post(`/users/${user.id}/disable`)],
    ['deleting the user', ({ user }) => admin.delete(`/users/${user.id}`)],
  ])('%s at one is known to the other at once', async (_what, end) => {
    const signed = await signedIn();
    expect((await introspect(two, signed.app, signed.tokens.access_token)).active).toBe(true);
    expect((await end(signed.app)).status).toBeLessThan(300);
    expect(await answersOf(two, signed)).toEqual(REFUSED);
  });

  test.each<[what: string, end: (client: string) => Promise<unknown>]>([
    ['disabling', (client) => admin.patch(`/clients/${client}`, { disabled: true })],
    ['deleting', (client) => admin.delete(`/clients/${client}`)],
  ])('%s a client at one ends its tokens at the other', async (_what, end) => {
    const { app, tokens, userinfoToken } = await signedIn();
    const gateway = { ...(await registerClient(admin, { scope: SCOPE })), user: app.user };
    const [api] = (await admin.get('/apis')).body.items.filter((item: { built_in: boolean }) => !item.built_in);
    await admin.patch(`/apis/${encodeURIComponent(api.identifier)}`, { introspection_clients: [gateway.client_id] });
    await eventually(async () => (await introspect(two, gateway, tokens.access_token)).active);
    await end(app.client_id);
    expect((await introspect(two, gateway, tokens.access_token)).active).toBe(false);
    const userinfo = await fetch(`${two.url}/oauth/userinfo`, {
      headers: { authorization: `Bearer ${userinfoToken}` },
    });
    expect(userinfo.status).toBe(401);
    const { status } = await post(two, '/oauth/token', app, {
      grant_type: 'refresh_token',
      refresh_token: tokens.refresh_token,
    });
    expect(status).toBe(401);
  });

  test('an admin token taken back by rule is refused at the other', async () => {
    const machine = { grant_types: ['client_credentials'], redirect_uris: [], response_types: [], scope: 'users:read' };
    const client = await registerClient(admin, machine);
    const there = await adminApi({ url: two.url, admin: client }, 'users:read');
    expect(await there.get('/users')).toMatchObject({ status: 200 });
    await admin.post('/revocation-rules', { client_id: client.client_id, reason: 'x' });
    expect(await there.get('/users')).toMatchObject({ status: 401 });
  });
});

describe.each(ENGINES)('A rule on %s', (engine) => {
  test('survives SIGKILL: what it took back stays taken back', async () => {
    const server = await startServer({ engine });
    const admin = await adminApi(server);
    await registerApi(admin);
    const user = await registerUser(admin);
    const app = { ...(await registerClient(admin, { scope: SCOPE, first_party: true })), user };
    const { body: before } = await exchange(server, app, await codeFor(server, app, SCOPE));
    const { body: rule } = await admin.post('/revocation-rules', { user_id: user.id, reason: 'x' });
    const { body: after } = await exchange(server, app, await codeFor(server, app, SCOPE));
    await server.kill();
    const again = await restart(server);
    expect(await introspect(again, app, before.access_token)).toMatchObject({ active: false });
    expect(await introspect(again, app, after.access_token)).toMatchObject({ active: true });
    expect((await (await adminApi(again)).get(`/revocation-rules/${rule.id}`)).body).toMatchObject({
      user_id: user.id,
    });
  });
});
