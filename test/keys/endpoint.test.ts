import { beforeAll, describe, expect, test } from '@jest/globals';
import { createRemoteJWKSet, decodeProtectedHeader, jwtVerify } from 'jose';
import { openDatabase } from '#src/db/index.ts';
import { get, granted, isActive, signInFor, startWorld, token, type World } from '../endpoints/protocol.ts';
import {
  adminApi,
  type RegisteredClient,
  type RegisteredUser,
  registerApi,
  registerClient,
  registerMachine,
  registerUser,
} from '../support/clients.ts';
import { ENGINES } from '../support/database.ts';
import { eventually } from '../support/eventually.ts';
import { restart, type Server, secondInstance } from '../support/server.ts';

const kidOf = (jwt: string) => decodeProtectedHeader(jwt).kid ?? '';
const published = async (server: Server): Promise<string[]> =>
  (await get(server, '/oauth/jwks')).body.keys.map(({ kid }: { kid: string }) => kid);

async function prepare({ admin }: World) {
  const api = await registerApi(admin, { access_token_format: 'jwt' });
  const machine = await registerMachine(admin, 'things:read');
  const app = await registerClient(admin, { scope: 'openid things:read', first_party: true });
  return { api, machine, app, user: await registerUser(admin) };
}

const issue = async (server: Server, machine: RegisteredClient): Promise<string> =>
  granted(await token(server, { grant_type: 'client_credentials', scope: 'things:read' }, { as: machine }))
    .access_token;

describe.each(ENGINES)('/keys on %s', (engine) => {
  let world: World;
  let machine: RegisteredClient;
  let app: RegisteredClient;
  let user: RegisteredUser;

  beforeAll(async () => {
    world = await startWorld(engine);
    ({ machine, app, user } = await prepare(world));
  });

  const key = async (alg: string, state: string) => {
    const { body } = await world.admin.get('/keys');
    return body.items.find((one: { alg: string; state: string }) => one.alg === alg && one.state === state);
  };

  test('lists the public halves, with state and times', async () => {
    const { status, body } = await world.admin.get('/keys');
    expect(status).toBe(200);
    expect(body.items.map(({ alg, state }: any) => `${alg} ${state}`)).toEqual([
      'RS256 current',
      'ES256 current',
      'Ed25519 current',
    ]);
    for (const { kid, alg, public_jwk, signs_from, signs_until, retires_at } of body.items) {
      expect(public_jwk).toMatchObject({ kid, alg, use: 'sig' });
      for (const member of ['d', 'p', 'q', 'dp', 'dq', 'qi', 'k']) expect(public_jwk).not.toHaveProperty(member);
      expect(Date.parse(signs_from)).toBeLessThan(Date.now() + 1_000);
      expect([signs_until, retires_at]).toEqual([null, null]);
    }
  });

  test('needs keys:write', async () => {
    const other = await adminApi(world.server, 'clients:write');
    expect((await other.get('/keys')).status).toBe(403);
    expect((await other.post('/keys/rotate')).status).toBe(403);
    const own = await adminApi(world.server, 'keys:write');
    expect((await own.get('/keys')).status).toBe(200);
  });

  test('refuses an algorithm there is not, a member there is not, and a key there is not', async () => {
    expect((await world.admin.post('/keys/rotate', { alg: 'HS256' })).status).toBe(422);
    expect((await world.admin.post('/keys/rotate', { at_once: true })).status).toBe(400);
    expect((await world.admin.post('/keys/nothing/revoke')).status).toBe(404);
  });

  test('rotate publishes the next key, which does not sign yet; twice is once', async () => {
    const current = await key('Ed25519', 'current');
    const { status, body } = await world.admin.post('/keys/rotate', { alg: 'Ed25519' });
    expect(status).toBe(200);
    expect(body.items).toMatchObject([{ alg: 'Ed25519', state: 'next', signs_until: null }]);
    const [next] = body.items;
    expect((Date.parse(next.signs_from) - Date.now()) / 3_600_000).toBeCloseTo(24, 1);
    expect(await published(world.server)).toContain(next.kid);
    expect((await key('Ed25519', 'current')).kid).toBe(current.kid);
    expect((await world.admin.post('/keys/rotate', { alg: 'Ed25519' })).body.items).toEqual(body.items);
  });

  test('rotate immediately: new tokens at once, old ones stay good, ID tokens as hints too', async () => {
    const [old, signedIn] = [await issue(world.server, machine), await signInFor(world.server, app, user)];
    expect((await world.admin.post('/keys/rotate', { immediately: true })).status).toBe(200);
    const young = await issue(world.server, machine);
    expect(kidOf(young)).not.toBe(kidOf(old));
    for (const value of [old, young]) expect(await isActive(world.server, value, machine)).toBe(true);

    const jwks = createRemoteJWKSet(new URL(`${world.server.url}/oauth/jwks`));
    for (const value of [old, young, signedIn.id_token]) await jwtVerify(value, jwks);
    const again = await signInFor(world.server, app, user);
    expect(kidOf(again.id_token)).not.toBe(kidOf(signedIn.id_token));
    const hint = new URLSearchParams({ id_token_hint: signedIn.id_token });
    expect((await get(world.server, `/oauth/logout?${hint}`)).status).toBe(200);
  });

  test('revoke: the key is gone, what it signed is refused, and another one signs, all at once', async () => {
    const [old, opaque] = [await issue(world.server, machine), world.admin.token];
    const { status, body } = await world.admin.post(`/keys/${kidOf(old)}/revoke`);
    expect({ status, ...body }).toMatchObject({ status: 200, alg: 'ES256', state: 'current' });
    expect(await published(world.server)).not.toContain(kidOf(old));
    expect(await isActive(world.server, old, machine)).toBe(false);
    const young = await issue(world.server, machine);
    expect(kidOf(young)).toBe(body.kid);
    expect(await isActive(world.server, young, machine)).toBe(true);
    expect((await adminApi(world.server)).token).not.toBe(opaque);

    const list = await get(world.server, '/status/0');
    expect(kidOf(list.body)).toBe(body.kid);
  });

  test('the key set may be cached, for minutes', async () => {
    expect((await get(world.server, '/oauth/jwks')).headers.get('cache-control')).toBe('public, max-age=300');
  });

  test('a restart changes nothing', async () => {
    const value = await issue(world.server, machine);
    const before = await published(world.server);
    await world.server.stop();
    const server = await restart(world.server);
    world = { server, admin: await adminApi(server) };
    expect(await published(server)).toEqual(before);
    expect(kidOf(await issue(server, machine))).toBe(kidOf(value));
    expect(await isActive(server, value, machine)).toBe(true);
  });
});

const onPostgres = ENGINES.includes('postgres') ? describe : describe.skip;

onPostgres('Signing keys of two instances', () => {
  let one: World;
  let two: Server;
  let machine: RegisteredClient;

  beforeAll(async () => {
    one = await startWorld('postgres');
    two = await secondInstance(one.server);
    ({ machine } = await prepare(one));
  });

  test('a rotation at one is followed by the other', async () => {
    const { body } = await one.admin.post('/keys/rotate', { alg: 'ES256', immediately: true });
    await eventually(async () => kidOf(await issue(two, machine)) === body.items[0].kid);
    expect(await published(two)).toEqual(await published(one.server));
  });

  test('a published key begins to sign at both at its time', async () => {
    const { body } = await one.admin.post('/keys/rotate', { alg: 'ES256' });
    const [next] = body.items;
    await eventually(async () => (await published(two)).includes(next.kid));
    const db = await openDatabase({
      database: { engine: 'postgres', url: one.server.databaseUrl ?? '' },
      dataDir: one.server.dataDir,
    });
    const inTwoSeconds = Date.now() + 2_000;
    await db.query(
      `update signing_keys
          set signs_from = case when kid = $1 then now() + interval '2 s' else signs_from end,
              signs_until = case when kid = $1 then null else now() + interval '2 s' end
        where alg = 'ES256'
          and (kid = $1 or signs_until > now())`,
      [next.kid],
    );
    await db.close();
    const before = await Promise.all([issue(one.server, machine), issue(two, machine)]);
    if (Date.now() < inTwoSeconds - 100) expect(before.map(kidOf)).not.toContain(next.kid);
    await eventually(async () =>
      (await Promise.all([issue(one.server, machine), issue(two, machine)])).every((jwt) => kidOf(jwt) === next.kid),
    );
    for (const value of before) expect(await isActive(two, value, machine)).toBe(true);
  });

  test('a key revoked at one is refused by the other', async () => {
    const value = await issue(two, machine);
    await one.admin.post(`/keys/${kidOf(value)}/revoke`);
    await eventually(async () => !(await isActive(two, value, machine)));
    expect(await published(two)).not.toContain(kidOf(value));
    expect(await isActive(one.server, await issue(two, machine), machine)).toBe(true);
  });
});
