import { beforeAll, describe, expect, test } from '@jest/globals';
import { adminApi, registerApi, registerClient, registerUser } from '../support/clients.ts';
import { ENGINES } from '../support/database.ts';
import { type Server, secondInstance, startServer } from '../support/server.ts';
import { type App, codeFor, exchange, introspect, post } from './app.ts';

const AT_ONCE = 100;

describe.each(ENGINES)('Single use under concurrency on %s', (engine) => {
  let server: Server;
  beforeAll(async () => {
    server = await startServer({ engine });
  });

  test('of 100 concurrent exchanges of one code exactly one succeeds, and its tokens end (RFC 6749 §4.1.2)', async () => {
    const app = await register(server);
    await expectOneWinner(app, [server]);
  });

  test('twenty codes exchanged at once all succeed: the guard of one is no obstacle to another', async () => {
    const app = await register(server);
    const codes = await Promise.all(Array.from({ length: 20 }, () => codeFor(server, app)));
    const answers = await Promise.all(codes.map((code) => exchange(server, app, code)));
    expect(answers.map(({ status }) => status)).toEqual(codes.map(() => 200));
    const tokens = new Set(answers.map(({ body }) => body.access_token));
    expect(tokens.size).toBe(codes.length);
  });
});

const onPostgres = ENGINES.includes('postgres') ? describe : describe.skip;

onPostgres('Single use across two instances on one database', () => {
  test('of 100 concurrent exchanges of one code, half at each instance, exactly one succeeds', async () => {
    const one = await startServer({ engine: 'postgres' });
    const two = await secondInstance(one);
    const app = await register(one);
    await expectOneWinner(app, [one, two]);
  });

  test('tokens of one instance are introspected, refreshed and revoked at the other', async () => {
    const one = await startServer({ engine: 'postgres' });
    const two = await secondInstance(one);
    const app = await register(one);
    const { body: tokens } = await exchange(two, app, await codeFor(one, app));
    expect((await introspect(one, app, tokens.access_token)).active).toBe(true);
    expect((await introspect(two, app, tokens.access_token)).active).toBe(true);

    const refreshed = await post(one, '/oauth/token', app, {
      grant_type: 'refresh_token',
      refresh_token: tokens.refresh_token,
    });
    expect(refreshed.status).toBe(200);
    await post(two, '/oauth/revoke', app, { token: refreshed.body.refresh_token });
    expect((await introspect(one, app, refreshed.body.access_token)).active).toBe(false);
  });

  test('a client disabled at one instance is refused by the other on its next request', async () => {
    const one = await startServer({ engine: 'postgres' });
    const two = await secondInstance(one);
    const app = await register(one);
    const { body: tokens } = await exchange(two, app, await codeFor(one, app));
    const admin = await adminApi(one);
    expect((await admin.patch(`/clients/${app.client_id}`, { disabled: true })).status).toBe(200);
    const refused = await post(two, '/oauth/token', app, {
      grant_type: 'refresh_token',
      refresh_token: tokens.refresh_token,
    });
    expect(refused).toMatchObject({ status: 401, body: { error: 'invalid_client' } });
  });
});

async function register(server: Server): Promise<App> {
  const admin = await adminApi(server);
  if ((await admin.get('/apis')).body.items.length === 1) await registerApi(admin);
  const user = await registerUser(admin);
  return { ...(await registerClient(admin, { scope: 'openid things:read', first_party: true })), user };
}

async function expectOneWinner(app: App, servers: Server[]): Promise<void> {
  const code = await codeFor(servers[0] as Server, app);
  const answers = await Promise.all(
    Array.from({ length: AT_ONCE }, (_, i) => exchange(servers[i % servers.length] as Server, app, code)),
  );
  const winners = answers.filter(({ status }) => status === 200);
  expect(winners).toHaveLength(1);
  expect(answers.filter(({ status, body }) => status === 400 && body.error === 'invalid_grant')).toHaveLength(99);
  for (const server of servers) {
    expect(await introspect(server, app, winners[0]?.body.access_token)).toMatchObject({ active: false });
  }
}
