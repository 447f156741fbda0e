import { beforeAll, describe, expect, test } from '@jest/globals';
import { authorizationUrl, codeFor, exchange, introspect, post } from '../races/app.ts';
import {
  adminApi,
  REDIRECT_URI,
  registerApi,
  registerClient,
  registerMachine,
  registerUser,
} from '../support/clients.ts';
import { ENGINES } from '../support/database.ts';
import { eventually, nextSecond } from '../support/eventually.ts';
import { visitorFor } from '../support/flow.ts';
import { type Server, startServer } from '../support/server.ts';

describe.each(ENGINES)('Enabling undoes the block and nothing else on %s', (engine) => {
  let server: Server;
  beforeAll(async () => {
    server = await startServer({ engine });
  });

  test('a user who is enabled again signs in anew: what they held before stays ended', async () => {
    const admin = await adminApi(server);
    const user = await registerUser(admin);
    const app = { ...(await registerClient(admin, { scope: 'openid', first_party: true })), user };
    const visitor = visitorFor(REDIRECT_URI);
    const { body: before } = await exchange(server, app, await codeFor(server, app, 'openid', visitor));
    const silently = async () => (await visitor.open(authorizationUrl(server, app, { prompt: 'none' }))) as URL;
    expect((await silently()).searchParams.get('code')).toBeTruthy();
    await nextSecond();

    await admin.post(`/users/${user.id}/disable`, { duration: null });
    expect((await introspect(server, app, before.access_token)).active).toBe(false);
    await admin.post(`/users/${user.id}/enable`);
    expect((await introspect(server, app, before.access_token)).active).toBe(false);
    const { refresh_token } = before;
    expect((await post(server, '/oauth/token', app, { grant_type: 'refresh_token', refresh_token })).status).toBe(400);

    // Nor does the browser's session come back.
    expect((await silently()).searchParams.get('error')).toBe('login_required');

    const { body: after } = await exchange(server, app, await codeFor(server, app, 'openid'));
    expect((await introspect(server, app, after.access_token)).active).toBe(true);
    // Enabling who is enabled ends nothing.
    await admin.post(`/users/${user.id}/enable`);
    expect((await introspect(server, app, after.access_token)).active).toBe(true);
  });

  test('a block that ends by itself gives back neither tokens nor the session, and enabling then ends nothing new', async () => {
    const admin = await adminApi(server);
    const user = await registerUser(admin);
    const app = { ...(await registerClient(admin, { scope: 'openid', first_party: true })), user };
    const visitor = visitorFor(REDIRECT_URI);
    const { body: before } = await exchange(server, app, await codeFor(server, app, 'openid', visitor));
    await admin.post(`/users/${user.id}/disable`, { duration: 2 });
    await eventually(async () => !(await admin.get(`/users/${user.id}`)).body.disabled, 10_000);

    expect((await introspect(server, app, before.access_token)).active).toBe(false);
    const silent = (await visitor.open(authorizationUrl(server, app, { prompt: 'none' }))) as URL;
    expect(silent.searchParams.get('error')).toBe('login_required');
    const { body: after } = await exchange(server, app, await codeFor(server, app, 'openid'));
    await admin.post(`/users/${user.id}/enable`);
    expect((await introspect(server, app, after.access_token)).active).toBe(true);
  });

  test('a client that is enabled again asks anew', async () => {
    const admin = await adminApi(server);
    const api = await registerApi(admin, { access_token_format: 'jwt' });
    const owner = await registerMachine(admin, 'things:read');
    await admin.patch(`/apis/${encodeURIComponent(api.identifier)}`, { introspection_clients: [owner.client_id] });
    const user = await registerUser(admin);
    const machine = { ...(await registerMachine(admin, 'things:read')), user };
    const ask = () => post(server, '/oauth/token', machine, { grant_type: 'client_credentials', scope: 'things:read' });
    const active = async (token: string) => (await introspect(server, { ...owner, user }, token)).active;

    const before = (await ask()).body.access_token;
    expect(await active(before)).toBe(true);
    await admin.patch(`/clients/${machine.client_id}`, { disabled: true });
    await admin.patch(`/clients/${machine.client_id}`, { disabled: false });
    expect(await active(before)).toBe(false);
    expect(await active((await ask()).body.access_token)).toBe(true);
  });

  test('introspection tells the token’s own client why, and nobody else', async () => {
    const admin = await adminApi(server);
    const user = await registerUser(admin);
    const app = { ...(await registerClient(admin, { scope: 'openid', first_party: true })), user };
    const stranger = { ...(await registerClient(admin)), user };
    const { body: tokens } = await exchange(server, app, await codeFor(server, app, 'openid'));
    await post(server, '/oauth/revoke', app, { token: tokens.access_token });
    expect(await introspect(server, app, tokens.access_token)).toEqual({ active: false, inactive_reason: 'revoked' });
    expect(await introspect(server, stranger, tokens.access_token)).toEqual({ active: false });
    expect(await introspect(server, app, 'unknown')).toEqual({ active: false });
  });
});
