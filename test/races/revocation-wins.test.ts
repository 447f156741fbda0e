/** A change that takes rights away, committed while a token request is between its checks and its own commit, wins. */
import { afterAll, beforeAll, describe, expect, test } from '@jest/globals';
import pg from 'pg';
import { adminApi, registerApi, registerClient, registerUser } from '../support/clients.ts';
import { ENGINES } from '../support/database.ts';
import { eventually } from '../support/eventually.ts';
import { type Server, startServer } from '../support/server.ts';
import { type Answer, type App, codeFor, exchange, introspect, post } from './app.ts';

const onPostgres = ENGINES.includes('postgres') ? describe : describe.skip;

onPostgres('A token request racing a revocation loses', () => {
  let server: Server;
  let app: App;
  let other: pg.Client;

  beforeAll(async () => {
    server = await startServer({ engine: 'postgres' });
    const admin = await adminApi(server);
    await registerApi(admin);
    app = await register(server);
    other = new pg.Client({ connectionString: server.databaseUrl });
    await other.connect();
  }, 60_000);
  afterAll(() => other.end());

  /** Runs `statement` in a transaction that is committed only once the request waits for one of its rows. */
  async function overtakenBy(statement: string, values: unknown[], request: () => Promise<Answer>): Promise<Answer> {
    await other.query('begin');
    await other.query(statement, values);
    const answer = request();
    await eventually(async () => {
      const { rows } = await other.query<{ waiting: string }>(
        `select count(*) as waiting from pg_locks where not granted and pid <> pg_backend_pid()`,
      );
      return Number(rows[0]?.waiting) > 0;
    });
    await other.query('commit');
    return answer;
  }

  const refreshOf = async (one: App) => {
    const { body } = await exchange(server, one, await codeFor(server, one));
    const { refresh_token } = body;
    return { body, refresh: () => post(server, '/oauth/token', one, { grant_type: 'refresh_token', refresh_token }) };
  };

  test('a refresh against the end of its grant', async () => {
    const { body, refresh } = await refreshOf(app);
    const sql = 'update grants set revoked_at = now() where client_id = $1';
    expect(await overtakenBy(sql, [app.client_id], refresh)).toMatchObject({
      status: 400,
      body: { error: 'invalid_grant' },
    });
    expect(await introspect(server, app, body.access_token)).toMatchObject({ active: false });
  });

  test('a refresh against the disabling of its user', async () => {
    const one = await register(server);
    const { refresh } = await refreshOf(one);
    const answer = await overtakenBy('update users set disabled = true where id = $1', [one.user.id], refresh);
    expect(answer).toMatchObject({ status: 400, body: { error: 'invalid_grant' } });
  });

  test('a code exchange against the disabling of its client', async () => {
    const one = await register(server);
    const code = await codeFor(server, one);
    const sql = 'update clients set disabled = true where client_id = $1';
    const answer = await overtakenBy(sql, [one.client_id], () => exchange(server, one, code));
    // By then the instance may have heard of it: a disabled client is none (RFC 6749 §5.2).
    const refusals = [
      [400, 'invalid_grant'],
      [401, 'invalid_client'],
    ];
    expect(refusals).toContainEqual([answer.status, answer.body.error]);
    expect(answer.body).not.toHaveProperty('access_token');
  });
});

async function register(server: Server): Promise<App> {
  const admin = await adminApi(server);
  const user = await registerUser(admin);
  return { ...(await registerClient(admin, { scope: 'openid things:read', first_party: true })), user };
}
