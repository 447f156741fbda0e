/** Nobody gets more of the admin API than they hold, by way of a client. */
import { beforeAll, describe, expect, test } from '@jest/globals';
import { type AdminApi, adminApi, registerClient, registerMachine, registerUser } from '../support/clients.ts';
import { basic, observedFetch } from '../support/http.ts';
import { type Server, startServer } from '../support/server.ts';

describe('An administrator who holds clients:write only', () => {
  let server: Server;
  let admin: AdminApi;
  let registrar: AdminApi;

  beforeAll(async () => {
    server = await startServer({ engine: 'embedded' });
    admin = await adminApi(server);
    const machine = await registerMachine(admin, 'clients:write');
    registrar = await adminApi({ url: server.url, admin: machine }, 'clients:write');
  });

  const FORBIDDEN = { status: 403, body: { title: 'Forbidden' } };
  const machineWith = (scope: string) => ({ client_name: 'x', grant_types: ['client_credentials'], scope });

  test('registers clients, but none that may administer what they may not', async () => {
    expect(await registrar.post('/clients', machineWith('clients:read'))).toMatchObject({ status: 201 });
    expect(await registrar.post('/clients', machineWith('admin'))).toMatchObject(FORBIDDEN);
    expect(await registrar.post('/clients', machineWith('users:read'))).toMatchObject(FORBIDDEN);
  });

  test('cannot widen a client of their own, nor change, take over or delete one that holds more', async () => {
    const { body: own } = await registrar.post('/clients', machineWith('clients:read'));
    expect(await registrar.patch(`/clients/${own.client_id}`, { scope: 'keys:write' })).toMatchObject(FORBIDDEN);
    const { client_id } = server.admin;
    expect(await registrar.patch(`/clients/${client_id}`, { scope: 'clients:read' })).toMatchObject(FORBIDDEN);
    expect(await registrar.post(`/clients/${client_id}/secrets`)).toMatchObject(FORBIDDEN);
    const [secret] = (await admin.get(`/clients/${client_id}/secrets`)).body.items;
    expect(await registrar.delete(`/clients/${client_id}/secrets/${secret.id}`)).toMatchObject(FORBIDDEN);
    expect(await registrar.delete(`/clients/${client_id}`)).toMatchObject(FORBIDDEN);
    expect(await admin.get(`/clients/${client_id}`)).toMatchObject({ status: 200 });
  });

  test('a user does not become an administrator by signing in to a client that may administer', async () => {
    const user = await registerUser(admin);
    const app = await registerClient(admin, {
      scope: 'openid admin',
      grant_types: ['password'],
      redirect_uris: [],
      response_types: [],
    });
    const response = await observedFetch(`${server.url}/oauth/token`, {
      method: 'POST',
      headers: { authorization: basic(app.client_id, app.client_secret) },
      body: new URLSearchParams({
        grant_type: 'password',
        scope: 'admin',
        username: user.username,
        password: user.password,
      }),
    });
    const { access_token } = (await response.json()) as { access_token: string };
    expect(access_token).toBeTruthy();
    const answer = await fetch(`${server.url}/api/v1/clients`, {
      headers: { authorization: `Bearer ${access_token}` },
    });
    expect(answer.status).toBe(403);
  });
});
