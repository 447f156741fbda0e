import { describe, expect, test } from '@jest/globals';
import { signInFor } from '../endpoints/protocol.ts';
import { registerClient } from '../support/clients.ts';
import { ENGINES } from '../support/database.ts';
import { eventually } from '../support/eventually.ts';
import { authenticate } from '../support/people.ts';
import { bearer, makeOwn, request, somebody, withPats } from './support.ts';

describe.each(ENGINES)("a personal access token for its owner's account, on %s", (engine) => {
  const world = withPats(engine);

  async function holder(...scopes: string[]) {
    const person = await somebody(world());
    const made = await makeOwn(person, ...scopes);
    const call = (method: string, path: string, body?: object) =>
      request(world(), method, path, { headers: bearer(made.token), body });
    return { person, made, call };
  }

  test('with account:read sees it and changes nothing', async () => {
    const { person, made, call } = await holder('account:read');
    const me = await call('GET', '/me');
    expect({ status: me.status, body: me.body }).toMatchObject({
      status: 200,
      body: { id: person.user.id, username: person.user.username, acr: null, amr: [], auth_time: null },
    });
    for (const path of ['/me/sessions', '/me/grants', '/me/authenticators', '/me/pats', `/me/pats/${made.id}`]) {
      expect({ path, status: (await call('GET', path)).status }).toEqual({ path, status: 200 });
    }
    expect((await call('GET', '/me/sessions')).body.items).toMatchObject([{ current: false }]);
    for (const [method, path, body] of [
      ['PATCH', '/me', { name: 'x' }],
      ['DELETE', '/me/sessions'],
      ['DELETE', '/me/sessions/x'],
      ['DELETE', '/me/grants/x'],
      ['DELETE', '/me/pats'],
      ['DELETE', `/me/pats/${made.id}`],
    ] as const) {
      const { status, headers } = await call(method, path, body);
      expect({ method, path, status, challenge: headers.get('www-authenticate') }).toEqual({
        method,
        path,
        status: 403,
        challenge: 'Bearer error="insufficient_scope", scope="account:write"',
      });
    }
  });

  test('with account:write changes its name and tidies up', async () => {
    const { person, made, call } = await holder('account:write');
    expect((await call('PATCH', '/me', { name: 'Anna' })).body).toMatchObject({ name: 'Anna' });
    const app = await registerClient(world().api);
    await signInFor(world().server, app, person.user, { scope: 'openid' });
    const [grant] = (await call('GET', '/me/grants')).body.items;
    expect((await call('DELETE', `/me/grants/${grant.id}`)).status).toBe(204);
    const other = await authenticate(world().server, person.user);
    const [session] = (await call('GET', '/me/sessions')).body.items;
    expect((await call('DELETE', `/me/sessions/${session.id}`)).status).toBe(204);
    expect((await call('DELETE', '/me/sessions')).status).toBe(204);
    expect((await other.call('GET', '/me')).status).toBe(401);
    expect((await call('DELETE', `/me/pats/${made.id}`)).status).toBe(204);
    expect((await call('GET', '/me')).status).toBe(401);
  });

  test('leaves its id in the record of what it did, and of what it tried', async () => {
    const { person, made, call } = await holder('account:write');
    await call('PATCH', '/me', { name: 'Anna' });
    await call('POST', '/me/recovery-codes');
    await call('DELETE', `/pats/${made.id}`);
    await call('POST', '/clients', { client_name: 'x' });
    const { body } = await world().api.get(`/audit?actor=user:${person.user.id}`);
    const said = body.items.map(({ action, outcome, data }: any) => [action, outcome, data.by_pat]);
    expect(said).toContainEqual(['account.update', 'success', made.id]);
    for (const action of ['recovery_codes.generate', 'pat.revoke', 'client.create']) {
      expect(said).toContainEqual([action, 'failure', made.id]);
    }
  });

  test('for another API opens nothing here', async () => {
    const { token } = await (await somebody(world())).make();
    for (const path of ['/me', '/me/pats', '/users']) {
      const { status, headers } = await request(world(), 'GET', path, { headers: bearer(token) });
      expect({ status, challenge: headers.get('www-authenticate') }).toEqual({
        status: 401,
        challenge: 'Bearer error="invalid_token"',
      });
    }
  });

  test('shows when and from where it was used', async () => {
    const { person, made, call } = await holder('account:read');
    await call('GET', '/me');
    const used = async () => (await person.session.call('GET', `/me/pats/${made.id}`)).body;
    await eventually(async () => (await used()).last_used_ip !== null, 10_000);
    expect(await used()).toMatchObject({
      last_used_at: expect.any(String),
      last_used_ip: expect.stringMatching(/^(127\.0\.0\.1|::1)$/),
    });
  });

  test('ends with its owner', async () => {
    const { person, call } = await holder('account:read');
    expect((await world().api.post(`/users/${person.user.id}/disable`, { duration: null })).status).toBe(200);
    expect((await call('GET', '/me')).status).toBe(401);
    await world().api.post(`/users/${person.user.id}/enable`);
    expect((await call('GET', '/me')).status).toBe(401);
  });
});
