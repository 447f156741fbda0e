import { describe, expect, test } from '@jest/globals';
import { createUsage } from '#src/tokens/index.ts';
import { token as ask, granted, isActive, post, refreshed, signInFor } from '../endpoints/protocol.ts';
import { adminApi, registerApi, registerClient, registerMachine, registerUser } from '../support/clients.ts';
import { ENGINES } from '../support/database.ts';
import { eventually } from '../support/eventually.ts';
import { basic } from '../support/http.ts';
import { restart, startServer } from '../support/server.ts';

describe.each(ENGINES)('The last use on %s', (engine) => {
  test('of a token and of a secret shows within seconds, and survives a stop', async () => {
    const server = await startServer({ engine });
    const admin = await adminApi(server);
    await registerApi(admin);
    const machine = await registerMachine(admin, 'things:read');
    const issue = async () =>
      granted(await ask(server, { grant_type: 'client_credentials', scope: 'things:read' }, { as: machine }))
        .access_token;
    const value = await issue();
    const tokens = async (api = admin) => (await api.get(`/clients/${machine.client_id}/tokens`)).body.items;
    expect((await tokens())[0].last_used_at).toBeNull();
    await isActive(server, value, machine);
    await eventually(async () => (await tokens())[0].last_used_at !== null);
    const [{ last_used_at }] = await tokens();
    expect(Math.abs(Date.now() - Date.parse(last_used_at))).toBeLessThan(10_000);

    await isActive(server, value, machine);
    await isActive(server, await issue(), machine);
    await server.stop();
    const again = await restart(server);
    const after = await tokens(await adminApi(again));
    expect(after.map((token: { last_used_at: string }) => token.last_used_at)).toEqual([
      expect.any(String),
      last_used_at,
    ]);
  });

  test.each(['on', 'off'])('of what is used up shows at once, and to end one is none (narrow path %s)', async (way) => {
    const server = await startServer({ engine, env: { MINTMARK_NARROW_PATH: way } });
    const admin = await adminApi(server);
    await registerApi(admin);
    const app = await registerClient(admin, { scope: 'openid things:read', first_party: true });
    const user = await registerUser(admin);
    /** What has been used of the tokens that there are. */
    const used = async (api = admin) => {
      const { items } = (await api.get(`/tokens?client_id=${app.client_id}`)).body;
      const shown = items.filter((token: any) => token.last_used_at !== null);
      return [items.length, ...shown.map(({ kind, status }: any) => `${kind} ${status}`).sort()];
    };

    const { refresh_token } = await signInFor(server, app, user, { scope: 'openid things:read' });
    expect(await used()).toEqual([3, 'authorization_code consumed']);
    const { access_token, refresh_token: next } = granted(await refreshed(server, refresh_token, app));
    expect(await used()).toEqual([5, 'authorization_code consumed', 'refresh_token consumed']);

    expect((await post(server, '/oauth/revoke', { token: access_token }, { as: app })).status).toBe(200);
    const last = granted(await refreshed(server, next, app));
    expect((await admin.post('/tokens/revoke', { token: last.access_token })).body).toEqual({ revoked: 1 });
    await server.stop();
    const after = await used(await adminApi(await restart(server)));
    expect(after).toEqual([7, 'authorization_code consumed', 'refresh_token consumed', 'refresh_token consumed']);
  });

  test('of each of two secrets tells which one is still in use', async () => {
    const server = await startServer({ engine });
    const admin = await adminApi(server);
    const machine = await registerMachine(admin, 'users:read');
    const path = `/clients/${machine.client_id}/secrets`;
    const added = (await admin.post(path, { expires_previous_in: 3600 })).body;
    expect(added.last_used_at).toBeNull();
    await fetch(`${server.url}/oauth/token`, {
      method: 'POST',
      headers: { authorization: basic(machine.client_id, machine.client_secret) },
      body: new URLSearchParams({ grant_type: 'client_credentials', scope: 'users:read' }),
    }).then((answer) => answer.text());
    const uses = async () =>
      (await admin.get(path)).body.items.map((one: any) => [one.id === added.id, one.last_used_at]);
    await eventually(async () => (await uses())[1][1] !== null);
    expect(await uses()).toEqual([
      [true, null],
      [false, expect.any(String)],
    ]);
  });
});

describe('Noting uses', () => {
  test('costs one write a minute however often something is used, and never fails', async () => {
    const written: string[][] = [];
    const usage = createUsage(async (ids) => {
      written.push(ids);
      throw new Error('the database is away');
    });
    for (let i = 0; i < 1_000; i += 1) usage.note(i % 2 ? 'a' : 'b');
    await usage.close();
    expect(written).toEqual([['b', 'a']]);
  });

  test('writes many in batches', async () => {
    const sizes: number[] = [];
    const usage = createUsage(async (ids) => void sizes.push(ids.length));
    for (let i = 0; i < 1_200; i += 1) usage.note(String(i));
    await usage.close();
    expect(sizes).toEqual([500, 500, 200]);
  });
});
