import { beforeAll, describe, expect, test } from '@jest/globals';
import { adminApi, registerApi } from '../support/clients.ts';
import { ENGINES } from '../support/database.ts';
import { remember } from '../support/vault.ts';
import { bearer, type Person, request, somebody, withPats } from './support.ts';

const NEVER = '0'.repeat(64);
const idsOf = (items: { id: string }[]) => items.map(({ id }) => id);

describe.each(ENGINES)('which personal access tokens there are, on %s', (engine) => {
  const world = withPats(engine);
  let ann: Person;
  let other: string;
  let made: any[];

  beforeAll(async () => {
    ann = await somebody(world());
    other = (await registerApi(world().api)).identifier;
    made = [];
    for (const wanted of [
      {},
      { scopes: ['things:write'] },
      { audience: other },
      { audience: other, scopes: ['things:read', 'things:write'] },
      {},
    ]) {
      made.unshift(await ann.make(wanted));
    }
    await ann.session.call('DELETE', `/me/pats/${made[0].id}`);
  });

  const own = async (query = '') => (await ann.session.call('GET', `/me/pats${query}`)).body;

  test('are listed newest first, page by page, whatever is made meanwhile', async () => {
    expect(idsOf((await own()).items)).toEqual(idsOf(made));
    const first = await own('?limit=2');
    await somebody(world()).then((bob) => bob.make());
    const second = await own(`?limit=2&cursor=${first.next_cursor}`);
    const third = await own(`?limit=2&cursor=${second.next_cursor}`);
    expect(idsOf([first, second, third].flatMap(({ items }) => items))).toEqual(idsOf(made));
    expect(third.next_cursor).toBeNull();
    expect(JSON.stringify([first, second, third])).not.toMatch(/mmp_/);
  });

  test.each<[query: () => Record<string, string>, positions: number[]]>([
    [() => ({ audience: other }), [1, 2]],
    [() => ({ scope: 'things:write' }), [1, 3]],
    [() => ({ scope: 'things:write', audience: other }), [1]],
    [() => ({ status: 'revoked' }), [0]],
    [() => ({ status: 'live', scope: 'things:read' }), [1, 2, 4]],
    [() => ({ status: 'expired' }), []],
    [() => ({ status: 'replaced' }), []],
    [() => ({ status: 'suspended' }), []],
    [() => ({ audience: 'https://nobody.example' }), []],
  ])('are found by filter, case %#', async (query, positions) => {
    const wanted = positions.map((at) => made[at].id);
    const asked = query();
    expect(idsOf((await own(`?${new URLSearchParams(asked)}`)).items)).toEqual(wanted);
    const all = await world().api.get(`/pats?${new URLSearchParams({ ...asked, user_id: ann.user.id })}`);
    expect(idsOf(all.body.items)).toEqual(wanted);
  });

  test.each(['limit=0', 'limit=501', 'cursor=x', 'status=dead', 'user_id=x', 'x=1', 'scope=a&scope=b'])(
    'are not found by %s',
    async (query) => {
      expect((await ann.session.call('GET', `/me/pats?${query}`)).status).toBe(400);
    },
  );

  test("somebody else's is not there", async () => {
    const bob = await somebody(world());
    const { id, token } = await ann.make();
    for (const [method, path] of [
      ['GET', `/me/pats/${id}`],
      ['DELETE', `/me/pats/${id}`],
      ['POST', `/me/pats/${id}/rotate`],
    ] as const) {
      for (const [target, who] of [
        [path, bob],
        [path.replace(id, NEVER), ann],
        [path.replace(id, 'x'), ann],
      ] as const) {
        const { status, body } = await who.session.call(method, target);
        expect({ target, status, detail: body.detail }).toEqual({ target, status: 404, detail: expect.any(String) });
      }
    }
    expect((await bob.session.call('GET', '/me/pats')).body.items).toEqual([]);
    expect((await bob.session.call('DELETE', '/me/pats')).body).toEqual({ revoked: 0 });
    const { status } = await request(world(), 'POST', '/pats/validate', {
      body: { token, audience: world().things.identifier },
    });
    expect(status).toBe(204);
  });

  test('all of mine end at once', async () => {
    const bob = await somebody(world());
    const tokens = [await bob.make(), await bob.make(), await bob.make({ format: 'jwt' })];
    expect((await bob.session.call('DELETE', '/me/pats')).body).toEqual({ revoked: 3 });
    expect((await bob.session.call('GET', '/me/pats?status=revoked')).body.items).toHaveLength(3);
    for (const { token, id } of tokens) {
      const body = { token, audience: world().things.identifier };
      expect((await request(world(), 'POST', '/pats/validate', { body })).status).toBe(401);
      expect((await bob.session.call('DELETE', `/me/pats/${id}`)).status).toBe(204);
    }
  });

  test('a value that somebody takes for an id ends nothing, and is written nowhere', async () => {
    const { api, server } = world();
    const made = [await ann.make(), await ann.make({ format: 'jwt' })];
    for (const { token, id } of made) {
      for (const path of [`/pats/${token}`, `/tokens/${token}`, `/users/${ann.user.id}/tokens/${token}`]) {
        expect((await api.delete(path)).status).toBeGreaterThanOrEqual(404);
        expect((await api.get(path)).status).toBeGreaterThanOrEqual(404);
      }
      expect((await ann.session.call('DELETE', `/me/pats/${token}`)).status).toBe(404);
      expect((await ann.session.call('POST', `/me/pats/${token}/rotate`)).status).toBe(404);
      expect((await api.post('/tokens/revoke', { id: token.slice(0, 128) })).status).toBe(404);
      expect((await ann.session.call('GET', `/me/pats/${id}`)).body.status).toBe('live');
    }
    const { body } = await api.get('/audit?limit=500');
    expect(body.items.map(({ action }: any) => action)).toEqual(expect.arrayContaining(['pat.revoke', 'pat.rotate']));
    expect(server.output()).toContain('/api/v1/me/pats/:token');
    for (const { token } of made) {
      // Neither the whole nor enough of it to know it again.
      const telling = token.slice(-40);
      expect(JSON.stringify(body)).not.toContain(telling);
      expect(server.output()).not.toContain(telling);
    }
  });

  test('administrators see whose, and take back', async () => {
    const bob = await somebody(world());
    const { token: _, ...mine } = await bob.make();
    const { api } = world();
    expect((await api.get(`/pats/${mine.id}`)).body).toEqual({ ...mine, user_id: bob.user.id });
    expect((await api.get(`/tokens/${mine.id}`)).body).toMatchObject({
      kind: 'pat',
      user_id: bob.user.id,
      status: 'live',
    });
    expect((await api.delete(`/pats/${mine.id}`)).status).toBe(204);
    expect((await bob.session.call('GET', `/me/pats/${mine.id}`)).body.status).toBe('revoked');
    expect((await api.get(`/pats/${NEVER}`)).status).toBe(404);
    expect((await api.delete(`/pats/${NEVER}`)).status).toBe(404);
    const all = await bob.make();
    expect((await api.delete(`/users/${bob.user.id}/tokens`)).status).toBe(200);
    expect((await bob.session.call('GET', `/me/pats/${all.id}`)).body.status).toBe('revoked');
  });

  test('administrators make one for a user who can be signed in for anyway', async () => {
    const { server, api, things } = world();
    const bob = await somebody(world());
    const wanted = { user_id: bob.user.id, name: 'CI', scopes: ['things:read'], audience: things.identifier };
    const { status, headers, body } = await api.post('/pats', wanted);
    remember(body.token);
    expect({ status, location: headers.get('location') }).toEqual({ status: 201, location: `/api/v1/pats/${body.id}` });
    expect(body).toMatchObject({ user_id: bob.user.id, name: 'CI' });
    expect((await bob.session.call('GET', '/me/pats')).body.items).toMatchObject([{ id: body.id }]);
    const [narrow, reader] = await Promise.all(['tokens:write', 'tokens:read'].map((scope) => adminApi(server, scope)));
    expect((await narrow?.post('/pats', wanted))?.body.detail).toMatch(/users:write/);
    for (const denied of [await narrow?.post('/pats', wanted), await reader?.delete(`/pats/${body.id}`)]) {
      expect(denied?.status).toBe(403);
    }
    expect((await reader?.get('/pats'))?.status).toBe(200);
    expect((await request(world(), 'GET', '/pats', { headers: bearer(body.token) })).status).toBe(401);
    expect((await api.post('/pats', { ...wanted, user_id: '00000000-0000-4000-8000-000000000000' })).status).toBe(404);
  });
});
