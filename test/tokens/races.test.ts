/** Revocation against refreshes and exchanges that are under way: whatever was answered, nothing of it is good afterwards. */
import { beforeAll, describe, expect, test } from '@jest/globals';
import pg from 'pg';
import { type App, codeFor, exchange, introspect, post } from '../races/app.ts';
import { type AdminApi, adminApi, registerApi, registerClient, registerUser } from '../support/clients.ts';
import { ENGINES } from '../support/database.ts';
import { eventually } from '../support/eventually.ts';
import { type Server, secondInstance, startServer } from '../support/server.ts';

const FAMILIES = 50;
const SCOPE = 'openid things:read';

type End = (admin: AdminApi, app: App) => Promise<{ status: number }>;

const ENDS: [what: string, end: End][] = [
  ['a rule for the user', (admin, { user }) => admin.post('/revocation-rules', { user_id: user.id, reason: 'x' })],
  ['a rule for the client', (admin, app) => admin.post('/revocation-rules', { client_id: app.client_id, reason: 'x' })],
  ['revoking all of the user', (admin, { user }) => admin.delete(`/users/${user.id}/tokens`)],
  ['revoking all of the client', (admin, app) => admin.delete(`/clients/${app.client_id}/tokens`)],
  ['ending all grants of the user', (admin, { user }) => admin.delete(`/users/${user.id}/grants`)],
];

describe.each(ENGINES)('Refreshes that race with a revocation on %s', (engine) => {
  let servers: Server[];
  let admin: AdminApi;

  beforeAll(async () => {
    servers = await instances(engine);
    admin = await adminApi(servers[0] as Server);
    await registerApi(admin);
  }, 60_000);

  test.each(ENDS)(
    '%s beats 50 of them at every moment',
    async (_what, end) => {
      const [one] = servers as [Server];
      const user = await registerUser(admin);
      const app = { ...(await registerClient(admin, { scope: SCOPE, first_party: true })), user };
      const families = await Promise.all(
        Array.from({ length: FAMILIES }, async (_, i) => {
          const server = servers[i % servers.length] as Server;
          const { body } = await exchange(server, app, await codeFor(server, app, SCOPE));
          return { server, refresh: body.refresh_token as string };
        }),
      );

      let ended = false;
      const given: string[] = [];
      /** Refreshes on and on, each time with what the time before gave, until it is refused. */
      async function refreshOnAndOn({ server, refresh }: (typeof families)[number]): Promise<void> {
        for (let token = refresh; ; ) {
          const wasEnded = ended;
          const { status, body } = await post(server, '/oauth/token', app, {
            grant_type: 'refresh_token',
            refresh_token: token,
          });
          if (wasEnded) expect(status).toBe(400);
          if (status !== 200) return;
          given.push(body.access_token);
          token = body.refresh_token;
        }
      }
      const refreshing = families.map(refreshOnAndOn);
      const { status } = await end(admin, app);
      ended = true;
      await Promise.all(refreshing);

      expect(status).toBeLessThan(300);
      const active = await Promise.all(given.map((token) => introspect(one, app, token)));
      expect(active.filter((answer) => answer.active)).toEqual([]);
      const { items } = (await admin.get(`/users/${user.id}/tokens`)).body;
      expect(items).toEqual([]);
    },
    120_000,
  );
});

(ENGINES.includes('postgres') ? describe : describe.skip)('A rule that is still being written', () => {
  test('takes back what was issued meanwhile', async () => {
    const server = await startServer({ engine: 'postgres' });
    const admin = await adminApi(server);
    await registerApi(admin);
    const user = await registerUser(admin);
    const app = { ...(await registerClient(admin, { scope: SCOPE, first_party: true })), user };
    const { body: first } = await exchange(server, app, await codeFor(server, app, SCOPE));

    const other = new pg.Client({ connectionString: server.databaseUrl });
    await other.connect();
    // The statement that writes the rule begins, and waits for this lock; the refresh begins later and does not.
    await other.query('begin; lock table revocation_rules in share mode');
    const rule = admin.post('/revocation-rules', { user_id: user.id, reason: 'x' });
    await eventually(async () => {
      const { rowCount } = await other.query(`select from pg_locks where not granted`);
      return rowCount !== 0;
    });
    const refresh = { grant_type: 'refresh_token', refresh_token: first.refresh_token };
    const { status, body } = await post(server, '/oauth/token', app, refresh);
    expect(status).toBe(200);
    await other.query('commit');
    await other.end();

    expect((await rule).status).toBe(201);
    expect(await introspect(server, app, body.access_token)).toMatchObject({ active: false });
    const again = { grant_type: 'refresh_token', refresh_token: body.refresh_token };
    expect((await post(server, '/oauth/token', app, again)).body.error).toBe('invalid_grant');
  });
});

async function instances(engine: Server['engine']): Promise<Server[]> {
  const one = await startServer({ engine });
  return engine === 'postgres' ? [one, await secondInstance(one)] : [one];
}
