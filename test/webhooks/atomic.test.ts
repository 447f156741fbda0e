/** A token exists if and only if its event does. */
import { describe, expect, test } from '@jest/globals';
import type { Db } from '#src/db/index.ts';
import { type App, codeFor, exchange, post } from '../races/app.ts';
import { type AdminApi, adminApi, registerApi, registerClient, registerUser } from '../support/clients.ts';
import { ENGINES } from '../support/database.ts';
import { eventually } from '../support/eventually.ts';
import { eventsIn, type Listening, startListened } from '../support/listening.ts';
import { type Server, secondInstance } from '../support/server.ts';

const AT_ONCE = 50;
const SCOPE = 'openid things:read';
const NOTIFIED: Listening = { format: 'notification', types: ['token.issued'] };

async function register(admin: AdminApi, overrides: object = {}): Promise<App> {
  const user = await registerUser(admin);
  const grant_types = ['authorization_code', 'refresh_token', 'password'];
  const client = await registerClient(admin, { scope: SCOPE, first_party: true, grant_types, ...overrides });
  return { ...client, user };
}

const refresh = (server: Server, app: App, refresh_token: string, more: Record<string, string> = {}) =>
  post(server, '/oauth/token', app, { grant_type: 'refresh_token', refresh_token, ...more });

const signedIn = async (server: Server, app: App) =>
  (await exchange(server, app, await codeFor(server, app, SCOPE))).body;

const byPassword = (server: Server, app: App, password = app.user.password) =>
  post(server, '/oauth/token', app, { grant_type: 'password', username: app.user.username, password, scope: SCOPE });

/** The access tokens of people, and those that were told of: twice told would be there twice. */
async function tokensAndEvents(db: Db): Promise<{ tokens: string[]; told: string[] }> {
  const { rows } = await db.query<{ id: string }>(
    `select encode(id, 'hex') as id from tokens where kind = 'access_token' and account_id is not null`,
  );
  const told = (await eventsIn(db, ['token.issued'])).map(({ data }) => String(data.token_id));
  return { tokens: rows.map(({ id }) => id).sort(), told: told.sort() };
}

const atOnce = <T>(request: (no: number) => Promise<T>): Promise<T[]> =>
  Promise.all(Array.from({ length: AT_ONCE }, (_, no) => request(no)));

describe.each(ENGINES)('A token and its event on %s', (engine) => {
  test('are there together, whatever becomes of the requests that race for them', async () => {
    const { server, atTheEnd } = await startListened(engine, [NOTIFIED]);
    const servers = engine === 'postgres' ? [server, await secondInstance(server)] : [server];
    const at = (no: number) => servers[no % servers.length] as Server;
    const admin = await adminApi(server);
    await registerApi(admin, { access_token_format: 'jwt' });
    const [app, strict] = [await register(admin), await register(admin, { refresh_token_grace: 0 })];

    const code = await codeFor(server, app, SCOPE);
    const exchanged = await atOnce((no) => exchange(at(no), app, code));
    expect(exchanged.filter(({ status }) => status === 200)).toHaveLength(1);

    const first = await signedIn(server, app);
    expect((await refresh(server, app, first.refresh_token, { resource: 'urn:nowhere' })).status).toBe(400);
    const refreshed = await atOnce((no) => refresh(at(no), app, first.refresh_token));
    expect(refreshed.filter(({ status }) => status === 200)).toHaveLength(AT_ONCE);

    const lost = await signedIn(server, strict);
    const answers = await atOnce((no) => refresh(at(no), strict, lost.refresh_token));
    expect(answers.filter(({ status }) => status === 200)).toHaveLength(1);

    expect((await byPassword(server, app)).status).toBe(200);
    expect((await byPassword(server, app, 'not the password')).status).toBe(400);

    const { tokens, told } = await atTheEnd(tokensAndEvents);
    expect(told).toEqual(tokens);
    expect(told).toHaveLength(6);
  });

  test('are there together when the server is killed in the middle of many', async () => {
    const { server, atTheEnd } = await startListened(engine, [NOTIFIED]);
    const admin = await adminApi(server);
    await registerApi(admin);
    const app = await register(admin);
    const families = await Promise.all(Array.from({ length: 10 }, () => signedIn(server, app)));

    let answered = 0;
    async function refreshOnAndOn({ refresh_token }: { refresh_token: string }): Promise<void> {
      for (let token = refresh_token; ; answered += 1) {
        const answer = await refresh(server, app, token).catch(() => undefined);
        if (!answer) return;
        expect(answer.status).toBe(200);
        token = answer.body.refresh_token;
      }
    }
    const refreshing = families.map(refreshOnAndOn);
    await eventually(() => answered > 50, 20_000);
    await server.kill();
    await Promise.all(refreshing);

    const { tokens, told } = await atTheEnd(tokensAndEvents);
    expect(told).toEqual(tokens);
    expect(told.length).toBeGreaterThanOrEqual(answered + families.length);
  });

  test('cost what is heard of them: nothing where nobody listens, and no value unless somebody takes it', async () => {
    const { server, atTheEnd } = await startListened(engine, [
      { clientIds: ['heard', 'notified'], types: ['token.issued', 'login.succeeded'] },
      { clientIds: ['notified'], ...NOTIFIED },
    ]);
    const admin = await adminApi(server);
    await registerApi(admin);
    for (const client_id of ['unheard', 'heard', 'notified']) {
      const app = await register(admin, { client_id });
      expect((await byPassword(server, app)).status).toBe(200);
      expect((await byPassword(server, app, 'not the password')).status).toBe(400);
      await admin.delete(`/users/${app.user.id}/grants`);
    }
    const told = await atTheEnd((db) => eventsIn(db));
    expect(told.map(({ type, client_id, is_sealed }) => ({ type, client_id, is_sealed }))).toEqual([
      { type: 'login.succeeded', client_id: 'heard', is_sealed: false },
      { type: 'token.issued', client_id: 'heard', is_sealed: false },
      { type: 'login.succeeded', client_id: 'notified', is_sealed: false },
      { type: 'token.issued', client_id: 'notified', is_sealed: true },
    ]);
  });
});
