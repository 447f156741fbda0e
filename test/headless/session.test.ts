import { beforeAll, describe, expect, test } from '@jest/globals';
import { openDatabase } from '#src/db/index.ts';
import { adminApi, type RegisteredUser, registerUser } from '../support/clients.ts';
import { ENGINES } from '../support/database.ts';
import { nextSecond } from '../support/eventually.ts';
import { authenticate, callApi } from '../support/people.ts';
import { restart, type Server, startServer } from '../support/server.ts';
import { begin, expectDead, fullSession, personUnder, personWithTotp, withHeadless } from './support.ts';

describe.each(ENGINES)('a session of the headless sign-in, on %s', (engine) => {
  const headless = withHeadless(engine);
  const person = () => registerUser(headless().api);

  test('says whose it is and how they signed in', async () => {
    const user = await person();
    const session = await fullSession(headless().server, user);
    const { status, body } = await session.call('GET', '/session');
    expect({ status, body }).toEqual({
      status: 200,
      body: {
        state: 'full',
        queries: [],
        user_id: user.id,
        acr: 'urn:mintmark:acr:1fa',
        amr: ['pwd'],
        auth_time: expect.any(String),
        expires_at: expect.any(String),
      },
    });
    expect(Math.abs(Date.parse(body.auth_time) - Date.now())).toBeLessThan(60_000);
  });

  test('says of an unfinished one what is asked, and never its token', async () => {
    const user = await personWithTotp(headless());
    const session = await begin(headless().server, user);
    const { body } = await session.call('GET', '/session');
    expect(body).toMatchObject({ state: 'partial', user_id: user.id, amr: ['pwd'] });
    expect(body.queries.map(({ type }: { type: string }) => type).sort()).toEqual(['recovery_code', 'totp']);
    expect(JSON.stringify(body)).not.toContain(session.token);
  });

  test('ends when its owner signs out, finished or not', async () => {
    const { server } = headless();
    const full = await fullSession(server, await person());
    const partial = await begin(server, await personWithTotp(headless()));
    for (const session of [full, partial]) {
      expect((await session.call('DELETE', '/session')).status).toBe(204);
      expectDead(await session.call('GET', '/session'));
      expectDead(await session.call('DELETE', '/session'));
      expectDead(await session.call('GET', '/me'));
    }
  });

  test('dies with its user being disabled, finished or not, and does not come back with an enabling', async () => {
    const { server, api } = headless();
    const user = await personWithTotp(headless());
    const plain = await person();
    const sessions = [await begin(server, user), await fullSession(server, plain)];
    await nextSecond();
    for (const { id } of [user, plain]) await api.post(`/users/${id}/disable`, {});
    for (const session of sessions) expectDead(await session.call('GET', '/session'));
    for (const { id } of [user, plain]) await api.post(`/users/${id}/enable`);
    expectDead(await (sessions[1] as (typeof sessions)[number]).call('GET', '/session'));
  });

  test('dies with its user', async () => {
    const { server, api } = headless();
    const user = await person();
    const session = await fullSession(server, user);
    await api.delete(`/users/${user.id}`);
    expectDead(await session.call('GET', '/me'));
  });

  test('can be ended by an administrator', async () => {
    const { server, api } = headless();
    const user = await person();
    const session = await fullSession(server, user);
    const { body } = await api.get(`/users/${user.id}/sessions`);
    expect(body.items).toMatchObject([{ kind: 'api', amr: ['pwd'] }]);
    await api.delete(`/users/${user.id}/sessions/${body.items[0].id}`);
    expectDead(await session.call('GET', '/me'));
  });

  test('is no access token, and an access token is no session', async () => {
    const { server, api } = headless();
    const session = await fullSession(server, await person());
    expectDead(await session.call('GET', '/users'));
    const userinfo = await fetch(`${server.url}/oauth/userinfo`, {
      headers: { authorization: `Bearer ${session.token}` },
    });
    expect(userinfo.status).toBe(401);
    expectDead(await api.get('/session'));
    expectDead(await api.get('/me'));
  });

  test.each(['', 'Bearer', 'Basic YTpi', 'Bearer x y', 'Bearer é'])('%p is no session token', async (authorization) => {
    const headers = { authorization: Buffer.from(authorization).toString('latin1') };
    const answer = await fetch(`${headless().server.url}/api/v1/session`, { headers });
    expect(answer.status).toBe(401);
  });

  test('what it does and what is done to it is in the audit log', async () => {
    const { server, api } = headless();
    const user = await person();
    const session = await fullSession(server, user);
    await session.call('DELETE', '/session');
    const { body } = await api.get(`/audit?target=user:${user.id}&actor=user:${user.id}`);
    expect(body.items.map(({ action, outcome }: any) => `${action} ${outcome}`)).toEqual([
      'session.end success',
      'login success',
    ]);
    expect(JSON.stringify(body)).not.toContain(session.token);
  });
});

describe.each(ENGINES)('the end of a session by its policy, on %s', (engine) => {
  /** Time passes while nobody looks. */
  async function elapse(server: Server, changes: [user: RegisteredUser, change: string][]): Promise<Server> {
    await server.stop();
    const { databaseUrl: url, dataDir } = server;
    const database = url ? ({ engine: 'postgres', url } as const) : ({ engine: 'embedded' } as const);
    const db = await openDatabase({ database, dataDir });
    for (const [{ id }, change] of changes) await db.query(`update sessions set ${change} where account_id = $1`, [id]);
    await db.close();
    return restart(server);
  }

  interface SignedIn {
    readonly user: RegisteredUser & { policyId: string };
    readonly token: string;
  }
  let before: Server;
  let [idle, old, used, judged]: SignedIn[] = [];

  beforeAll(async () => {
    before = await startServer({ engine });
    const headless = { server: before, api: await adminApi(before) };
    const signedIn = async () => {
      const user = await personUnder(headless, { session: { idle_timeout: 120, lifetime: 600 } });
      return { user, token: (await authenticate(before, user)).token };
    };
    [idle, old, used, judged] = [await signedIn(), await signedIn(), await signedIn(), await signedIn()];
  });

  test('comes without use, comes in any case, and comes at once when the policy is made stricter', async () => {
    if (!idle || !old || !used || !judged) throw new Error('nobody signed in');
    const { body } = await callApi(before, 'GET', '/session', idle);
    expect(Date.parse(body.expires_at) - Date.now()).toBeLessThanOrEqual(600_000);

    const after = await elapse(before, [
      [idle.user, `last_used_at = now() - interval '121 seconds'`],
      [
        old.user,
        `payload = jsonb_set(payload, '{loginTs}', to_jsonb(extract(epoch from now() - interval '601 seconds')))`,
      ],
      [used.user, `last_used_at = now() - interval '80 seconds'`],
      [judged.user, `last_used_at = now() - interval '80 seconds'`],
    ]);
    const look = ({ token }: { token: string }) => callApi(after, 'GET', '/session', { token });
    expectDead(await look(idle));
    expectDead(await look(old));
    expect((await look(used)).status).toBe(200);
    const api = await adminApi(after);
    const strict = { session: { idle_timeout: 60 } };
    for (const { user } of [used, judged]) await api.patch(`/auth-policies/${user.policyId}`, strict);
    expect((await look(used)).status).toBe(200);
    expectDead(await look(judged));
  });
});
