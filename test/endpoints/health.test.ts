import { request } from 'node:http';
import { afterAll, beforeAll, describe, expect, test } from '@jest/globals';
import { type AdminApi, adminApi, type RegisteredClient, registerApi, registerMachine } from '../support/clients.ts';
import { ENGINES, freshDatabase, type TestDatabase } from '../support/database.ts';
import { eventually } from '../support/eventually.ts';
import { type DatabaseProxy, startProxy } from '../support/proxy.ts';
import { type Server, startServer } from '../support/server.ts';
import { get, granted, introspect, pkce, post, startWorld, token } from './protocol.ts';

const onPostgres = ENGINES.includes('postgres') ? describe : describe.skip;

test('/healthz and /readyz answer without being kept, and every answer has a request id', async () => {
  const { server } = await startWorld('embedded');
  expect(await get(server, '/healthz')).toMatchObject({ status: 200, body: { status: 'ok' } });
  const ready = await get(server, '/readyz');
  expect(ready).toMatchObject({ status: 200, body: { status: 'ready' } });
  expect(ready.headers.get('cache-control')).toBe('no-store');

  const answers = await Promise.all(
    ['/healthz', '/nowhere', '/oauth/jwks', '/oauth/authorize', '/api/v1/clients', '/login/x', '/%zz', '/device'].map(
      (path) => get(server, path, { 'x-request-id': 'chosen-outside' }),
    ),
  );
  const ids = answers.map(({ headers }) => headers.get('x-request-id'));
  for (const id of ids) expect(id).toMatch(/^[0-9a-f-]{36}$/);
  expect(new Set(ids).size).toBe(ids.length);
  // The log names the same request.
  await eventually(() => ids.every((id) => server.output().includes(id ?? '?')));
});

test('a request that is given up in the middle of its body leaves the server well', async () => {
  const { server } = await startWorld('embedded');
  await Promise.all(
    ['/oauth/token', '/oauth/introspect', '/api/v1/clients', '/login/x', '/oauth/par'].map(
      (path) =>
        new Promise<void>((resolve) => {
          const headers = { 'content-type': 'application/x-www-form-urlencoded', 'content-length': '1000' };
          const half = request(server.url + path, { method: 'POST', headers });
          half.once('error', () => resolve()).once('close', () => resolve());
          half.write('grant_type=', () => half.destroy());
        }),
    ),
  );
  expect(await get(server, '/readyz')).toMatchObject({ status: 200 });
  expect(server.output()).not.toMatch(/"level":"(error|fatal)"/);
});

onPostgres('when the database is gone', () => {
  let fresh: TestDatabase;
  let proxy: DatabaseProxy;
  let server: Server;
  let admin: AdminApi;
  let machine: RegisteredClient;

  beforeAll(async () => {
    fresh = await freshDatabase('postgres');
    proxy = await startProxy(fresh.url ?? '');
    server = await startServer({ engine: 'postgres', databaseUrl: proxy.url });
    admin = await adminApi(server);
    await registerApi(admin);
    machine = await registerMachine(admin, 'things:read');
  });
  afterAll(async () => {
    await proxy.restore();
    await server.stop();
    await proxy.close();
    await fresh.drop();
  });

  const MACHINE = { grant_type: 'client_credentials', scope: 'things:read' };

  test('/readyz says 503 and requests get 503 with Retry-After, each in its own language; it comes back by itself', async () => {
    const before = granted(await token(server, MACHINE, { as: machine }));
    await proxy.cut();

    expect(await get(server, '/healthz')).toMatchObject({ status: 200 });
    await eventually(async () => (await get(server, '/readyz')).status === 503);
    for (const answer of await Promise.all([
      token(server, MACHINE, { as: machine }),
      post(server, '/oauth/introspect', { token: before.access_token }, { as: machine }),
      post(server, '/oauth/revoke', { token: before.access_token }, { as: machine }),
      post(server, '/oauth/par', { client_id: machine.client_id }, { as: machine }),
      post(server, '/oauth/device/code', {}, { as: machine }),
      get(server, '/oauth/userinfo', { authorization: `Bearer ${'A'.repeat(43)}` }),
    ])) {
      expect(answer).toMatchObject({ status: 503, body: { error: 'temporarily_unavailable' } });
      expect(answer.headers.get('retry-after')).toMatch(/^\d+$/);
      expect(answer.headers.get('content-type')).toMatch(/^application\/json/);
      expect(JSON.stringify(answer.body)).not.toMatch(/ECONN|postgres|at .*\.ts/);
    }

    const api = await admin.get('/clients');
    expect(api).toMatchObject({ status: 503, body: { status: 503, title: expect.any(String) } });
    expect(api.headers.get('content-type')).toMatch(/^application\/problem\+json/);
    expect(api.headers.get('retry-after')).toMatch(/^\d+$/);

    const asked = new URLSearchParams({
      client_id: machine.client_id,
      response_type: 'code',
      code_challenge: pkce().challenge,
      code_challenge_method: 'S256',
    });
    const page = await get(server, `/oauth/authorize?${asked}`, { accept: 'text/html' });
    expect(page.status).toBe(503);
    expect(page.headers.get('content-type')).toMatch(/^text\/html/);
    expect(page.headers.get('retry-after')).toMatch(/^\d+$/);

    await proxy.restore();
    await eventually(async () => (await get(server, '/readyz')).status === 200);
    granted(await token(server, MACHINE, { as: machine }));
    expect(await introspect(server, before.access_token, machine)).toMatchObject({ active: true });
    expect(await admin.get('/clients')).toMatchObject({ status: 200 });
  });

  test('a token request that meets the outage either got its token for good, or none', async () => {
    for (let round = 0; round < 3; round += 1) {
      const asking = Promise.all(Array.from({ length: 20 }, () => token(server, MACHINE, { as: machine })));
      await proxy.cut();
      const answers = await asking;
      await proxy.restore();
      await eventually(async () => (await get(server, '/readyz')).status === 200);
      for (const { status, body } of answers) {
        expect([200, 503]).toContain(status);
        if (status !== 200) continue;
        expect(await introspect(server, body.access_token, machine)).toMatchObject({ active: true });
      }
    }
  });
});
