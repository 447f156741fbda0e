import { beforeAll, describe, expect, test } from '@jest/globals';
import { adminApi, registerApi } from '../support/clients.ts';
import { ENGINES } from '../support/database.ts';
import { eventually } from '../support/eventually.ts';
import { restart, startServer } from '../support/server.ts';
import { bearer, mistyped, type Person, request, somebody, withPats } from './support.ts';

describe.each(ENGINES)('personal access tokens by their value, on %s', (engine) => {
  const world = withPats(engine);
  let ann: Person;

  beforeAll(async () => {
    ann = await somebody(world());
  });

  const validate = (token: string, { audience = world().things.identifier, headers = {} } = {}) =>
    request(world(), 'POST', '/pats/validate', { headers, body: { token, audience } });
  const report = (tokens: unknown) => request(world(), 'POST', '/pats/report', { body: { tokens } });

  test('one that is good is good, and nothing more is said', async () => {
    for (const format of ['opaque', 'jwt']) {
      const { token } = await ann.make({ format });
      const { status, body } = await validate(token);
      expect({ status, body }).toEqual({ status: 204, body: undefined });
    }
  });

  test('why one is not is for those to know who may see tokens', async () => {
    const [revoked, replaced, good] = [await ann.make(), await ann.make(), await ann.make()];
    await ann.session.call('DELETE', `/me/pats/${revoked.id}`);
    await ann.session.call('POST', `/me/pats/${replaced.id}/rotate`);
    const other = (await registerApi(world().api)).identifier;
    const { token: reader } = await adminApi(world().server, 'tokens:read');
    const { token: others } = await adminApi(world().server, 'users:read');
    for (const [token, reason, audience] of [
      [mistyped(good.token), 'malformed'],
      [ann.session.token, 'malformed'],
      ['x', 'malformed'],
      [revoked.token, 'revoked'],
      [good.token, 'audience', other],
      [good.token, 'audience', 'https://nobody.example'],
      [replaced.token, 'replaced'],
    ] as const) {
      const asked = audience === undefined ? {} : { audience };
      const answer = await validate(token, { ...asked, headers: bearer(reader) });
      const challenge = answer.headers.get('www-authenticate');
      // Nothing is wrong with the token that was asked with.
      expect({ status: answer.status, detail: answer.body.detail, challenge }).toEqual({
        status: 401,
        detail: expect.stringMatching(new RegExp(`^${reason}: `)),
        challenge: 'Bearer',
      });
      for (const headers of [{}, bearer(others), bearer('nonsense'), bearer(good.token)]) {
        const told = await validate(token, { ...asked, headers });
        expect({
          status: told.status,
          detail: told.body.detail,
          challenge: told.headers.get('www-authenticate'),
        }).toEqual({
          status: 401,
          detail: 'the token is not good for this API',
          challenge: 'Bearer',
        });
      }
    }
  });

  test('what its 401 is about is documented', async () => {
    const { body } = await request(world(), 'GET', '/openapi.json');
    const { description, responses } = body.paths['/pats/validate'].post;
    expect(description).toMatch(/A 401 .* names no error .* the token in the body is not good/);
    expect(responses).toHaveProperty('401');
  });

  test('for another API it is not used', async () => {
    const { token, id } = await ann.make();
    expect((await validate(token, { audience: 'https://nobody.example' })).status).toBe(401);
    const other = await ann.make();
    expect((await validate(other.token)).status).toBe(204);
    const lastUse = async (of: string) => (await ann.session.call('GET', `/me/pats/${of}`)).body.last_used_at;
    await eventually(async () => (await lastUse(other.id)) !== null, 10_000);
    expect(await lastUse(id)).toBeNull();
  });

  test('asking is no use from the address of who asks', async () => {
    const { token, id } = await ann.make();
    await validate(token);
    const shown = async () => (await ann.session.call('GET', `/me/pats/${id}`)).body;
    await eventually(async () => (await shown()).last_used_at !== null, 10_000);
    expect((await shown()).last_used_ip).toBeNull();
  });

  test.each<[body: object, status: number]>([
    [{}, 400],
    [{ token: 'x' }, 400],
    [{ token: '', audience: 'x' }, 422],
    [{ token: ['x'], audience: 'x' }, 400],
    [{ token: 'x', audience: 'x', scope: 'x' }, 400],
  ])('validates nothing of %j', async (body, status) => {
    expect((await request(world(), 'POST', '/pats/validate', { body })).status).toBe(status);
  });

  test('whoever finds one ends it, and that is written down', async () => {
    const bob = await somebody(world());
    const [one, two] = [await bob.make(), await bob.make({ format: 'jwt' })];
    const { status, body } = await report([one.token, two.token, one.token, mistyped(one.token), 'x', '']);
    expect({ status, body }).toEqual({ status: 200, body: { revoked: 2 } });
    for (const { token } of [one, two]) expect((await validate(token)).status).toBe(401);
    expect((await report([one.token])).body).toEqual({ revoked: 0 });
    const log = await world().api.get(`/audit?target=user:${bob.user.id}&actor=anybody`);
    expect(log.body.items).toHaveLength(2);
    expect(JSON.stringify(log.body)).not.toMatch(/mmp_/);
  });

  test('a thousand at once, and no more', async () => {
    const bob = await somebody(world());
    const mine = await Promise.all(Array.from({ length: 10 }, () => bob.make()));
    const noise = Array.from({ length: 990 }, (_, i) => `${mistyped(mine[0].token).slice(0, -4)}${i + 1000}`);
    expect((await report([...noise, ...mine.map(({ token }) => token)])).body).toEqual({ revoked: 10 });
    expect((await report(Array.from({ length: 1001 }, () => 'x'))).status).toBe(422);
    expect((await report([])).status).toBe(422);
    expect((await report('x')).status).toBe(400);
    expect((await report([1])).status).toBe(400);
  });
});

describe('where personal access tokens are switched off', () => {
  const world = withPats('embedded', { MINTMARK_PATS: 'off' });

  test('none is made, and all else goes on', async () => {
    const ann = await somebody(world());
    const { status, body } = await ann.ask({
      name: 'x',
      scopes: ['things:read'],
      audience: world().things.identifier,
    });
    expect({ status, detail: body.detail }).toEqual({ status: 409, detail: expect.stringMatching(/switched off/) });
    expect((await ann.session.call('GET', '/me/pats')).body).toEqual({ items: [], next_cursor: null });
  });
});

test('switched off, those there are are suspended, and can be revoked and reported', async () => {
  const server = await startServer({ engine: 'embedded' });
  const api = await adminApi(server);
  const before = { server, api, things: await registerApi(api) };
  const ann = await somebody(before);
  const made = [await ann.make(), await ann.make(), await ann.make(), await ann.make()];
  const [kept, byId, byValue, reported] = made;
  await server.stop();

  const off = await restart(server, { MINTMARK_PATS: 'off' });
  const there = await adminApi(off);
  const audience = before.things.identifier;
  const validate = (token: string, at = off) =>
    request({ server: at }, 'POST', '/pats/validate', { headers: bearer(there.token), body: { token, audience } });
  const statusOf = async (id: string) =>
    (await Promise.all(['pats', 'tokens'].map((list) => there.get(`/${list}/${id}`)))).map(({ body }) => body.status);
  expect((await validate(kept.token)).body.detail).toMatch(/^suspended: /);
  expect(await statusOf(kept.id)).toEqual(['suspended', 'suspended']);
  expect((await there.get('/tokens?kind=pat&status=suspended')).body.items).toHaveLength(4);
  expect((await there.get(`/users/${ann.user.id}/tokens`)).body.items).toEqual([]);
  expect((await there.post('/tokens/revoke', { id: byId.id })).status).toBe(200);
  const asAnybody = new URLSearchParams({ token: byValue.token, client_id: 'urn:mintmark:account' });
  expect((await fetch(`${off.url}/oauth/revoke`, { method: 'POST', body: asAnybody })).status).toBe(200);
  const found = { body: { tokens: [reported.token] } };
  expect((await request({ server: off }, 'POST', '/pats/report', found)).status).toBe(200);
  for (const { id } of [byId, byValue, reported]) expect(await statusOf(id)).toEqual(['revoked', 'revoked']);
  await off.stop();

  const on = await restart(server);
  expect((await validate(kept.token, on)).status).toBe(204);
  for (const { token } of [byId, byValue, reported]) expect((await validate(token, on)).status).toBe(401);
});
