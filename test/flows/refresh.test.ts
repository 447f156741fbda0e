import { beforeAll, describe, expect, test } from '@jest/globals';
import { type App, codeFor, exchange, introspect, post } from '../races/app.ts';
import { adminApi, registerApi, registerClient, registerUser } from '../support/clients.ts';
import { ENGINES } from '../support/database.ts';
import { eventsIn, startListened } from '../support/listening.ts';
import { type Server, secondInstance, startServer } from '../support/server.ts';

async function register(server: Server, overrides: object = {}): Promise<App> {
  const admin = await adminApi(server);
  if ((await admin.get('/apis')).body.items.length === 1) await registerApi(admin);
  const user = await registerUser(admin);
  const client = await registerClient(admin, {
    scope: 'openid things:read things:write',
    first_party: true,
    ...overrides,
  });
  return { ...client, user };
}

const refresh = (server: Server, app: App, refresh_token: string, more: Record<string, string> = {}) =>
  post(server, '/oauth/token', app, { grant_type: 'refresh_token', refresh_token, ...more });

const signedIn = async (server: Server, app: App) =>
  (await exchange(server, app, await codeFor(server, app, 'openid things:read things:write'))).body;

describe.each(ENGINES)('A refresh token on %s', (engine) => {
  let server: Server;
  beforeAll(async () => {
    server = await startServer({ engine });
  });

  test('of 100 concurrent refreshes there is one rotation and 100 identical answers', async () => {
    const app = await register(server);
    const { refresh_token } = await signedIn(server, app);
    const answers = await Promise.all(Array.from({ length: 100 }, () => refresh(server, app, refresh_token)));
    expect(new Set(answers.map(({ status, body }) => JSON.stringify([status, body]))).size).toBe(1);
    expect(answers[0]?.status).toBe(200);
    expect(await introspect(server, app, answers[0]?.body.access_token)).toMatchObject({ active: true });
  });

  test('ends the old access token in the same commit as the new pair is made', async () => {
    const app = await register(server);
    const first = await signedIn(server, app);
    const { body: second } = await refresh(server, app, first.refresh_token);
    expect(await introspect(server, app, first.access_token)).toMatchObject({ active: false });
    expect(await introspect(server, app, second.access_token)).toMatchObject({ active: true });
  });

  test('repeated within the grace window gives the identical answer, for the same request only', async () => {
    const app = await register(server);
    const first = await signedIn(server, app);
    const { body: second } = await refresh(server, app, first.refresh_token);
    expect(await refresh(server, app, first.refresh_token)).toEqual({ status: 200, body: second });

    const other = await refresh(server, app, first.refresh_token, { scope: 'openid things:read' });
    expect(other).toMatchObject({ status: 400, body: { error: 'invalid_grant' } });
    expect((await refresh(server, app, second.refresh_token)).body.error).toBe('invalid_grant');
  });

  test('repeated after its successor was used ends the whole family', async () => {
    const app = await register(server);
    const first = await signedIn(server, app);
    const { body: second } = await refresh(server, app, first.refresh_token);
    const { body: third } = await refresh(server, app, second.refresh_token);
    expect((await refresh(server, app, first.refresh_token)).body.error).toBe('invalid_grant');
    expect((await refresh(server, app, third.refresh_token)).body.error).toBe('invalid_grant');
    expect(await introspect(server, app, third.access_token)).toMatchObject({ active: false });
  });

  test('of a strict client (grace 0) works once and a second use ends the family', async () => {
    const app = await register(server, { refresh_token_grace: 0 });
    const first = await signedIn(server, app);
    const { body: second } = await refresh(server, app, first.refresh_token);
    expect((await refresh(server, app, first.refresh_token)).body.error).toBe('invalid_grant');
    expect((await refresh(server, app, second.refresh_token)).body.error).toBe('invalid_grant');
  });

  test('is not used up by a refresh that is refused for its resource', async () => {
    const app = await register(server);
    const { refresh_token } = await signedIn(server, app);
    const refused = await refresh(server, app, refresh_token, { resource: 'https://nowhere.example' });
    expect(refused).toMatchObject({ status: 400, body: { error: 'invalid_target' } });
    expect((await refresh(server, app, refresh_token)).status).toBe(200);
  });

  test('used again with a scope it never had ends its family all the same', async () => {
    const app = await register(server, { refresh_token_grace: 0 });
    const first = await signedIn(server, app);
    const { body: second } = await refresh(server, app, first.refresh_token);
    expect((await refresh(server, app, first.refresh_token, { scope: 'admin' })).status).toBe(400);
    expect((await refresh(server, app, second.refresh_token)).body.error).toBe('invalid_grant');
  });

  test('is not repeated to another client', async () => {
    const app = await register(server);
    const thief = await register(server);
    const first = await signedIn(server, app);
    const { body: second } = await refresh(server, app, first.refresh_token);
    expect((await refresh(server, thief, first.refresh_token)).body.error).toBe('invalid_grant');
    expect((await refresh(server, app, second.refresh_token)).status).toBe(200);
  });

  test.each([
    ['later', (ask: () => Promise<unknown>) => ask().then(ask)],
    ['at the same moment', (ask: () => Promise<unknown>) => Promise.all(Array.from({ length: 10 }, ask))],
  ])('used again %s is in the audit log, also when nobody listens to events', async (_when, askAgain) => {
    const app = await register(server, { refresh_token_grace: 0 });
    const { refresh_token } = await signedIn(server, app);
    await askAgain(() => refresh(server, app, refresh_token));
    const admin = await adminApi(server);
    const log = await admin.get(`/audit?action=refresh_token.reuse&target=user:${app.user.id}`);
    expect(log.body.items.length).toBeGreaterThan(0);
    for (const item of log.body.items) {
      expect(item).toMatchObject({
        actor: 'anybody',
        outcome: 'failure',
        reason: 'replayed',
        ip: '127.0.0.1',
        data: {
          client_id: app.client_id,
          grant_id: expect.any(String),
          token_id: expect.stringMatching(/^[0-9a-f]+$/),
        },
      });
    }
    expect(JSON.stringify(log.body)).not.toContain(refresh_token);
  });

  test('used twice leaves a record of it, without a token in it', async () => {
    const { server, atTheEnd } = await startListened(engine, [{ types: ['refresh_token.reuse_detected'] }]);
    const app = await register(server, { refresh_token_grace: 0 });
    const { refresh_token } = await signedIn(server, app);
    await refresh(server, app, refresh_token);
    await refresh(server, app, refresh_token);
    const told = await atTheEnd(eventsIn);
    expect(told).toMatchObject([
      { type: 'refresh_token.reuse_detected', client_id: app.client_id, account_id: app.user.id },
    ]);
  });
});

(ENGINES.includes('postgres') ? describe : describe.skip)('A refresh token across two instances', () => {
  test('of 100 concurrent refreshes, half at each, there is one rotation and 100 identical answers', async () => {
    const one = await startServer({ engine: 'postgres' });
    const two = await secondInstance(one);
    const app = await register(one);
    const { refresh_token } = await signedIn(one, app);
    const answers = await Promise.all(
      Array.from({ length: 100 }, (_, i) => refresh(i % 2 ? one : two, app, refresh_token)),
    );
    expect(new Set(answers.map(({ status, body }) => JSON.stringify([status, body]))).size).toBe(1);
    expect(answers[0]?.status).toBe(200);
  });
});
