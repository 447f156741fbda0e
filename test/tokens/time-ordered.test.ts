/** Tokens say when they were made, and their ids begin so: what is issued at one time lies together. */
import { readFile } from 'node:fs/promises';
import { beforeAll, describe, expect, test } from '@jest/globals';
import { decodeJwt } from 'jose';
import { createDigests } from '#src/crypto/index.ts';
import { openDatabase } from '#src/db/index.ts';
import { createReferences } from '#src/tokens/references.ts';
import {
  authorize,
  granted,
  isActive,
  refreshed,
  signInFor,
  startWorld,
  token,
  type World,
} from '../endpoints/protocol.ts';
import {
  type AdminApi,
  type RegisteredClient,
  type RegisteredUser,
  registerApi,
  registerClient,
  registerMachine,
  registerUser,
} from '../support/clients.ts';
import { ENGINES, withDatabase } from '../support/database.ts';
import { eventually } from '../support/eventually.ts';
import { restart, type Server } from '../support/server.ts';

const TIME_ORDERED_VALUE = /^[\w-]{48}$/;
const FORMER_VALUE = /^[\w-]{43}$/;

interface Scene {
  readonly app: RegisteredClient;
  readonly machine: RegisteredClient;
  readonly user: RegisteredUser;
}

async function register(admin: AdminApi): Promise<Scene> {
  await registerApi(admin);
  const jwt = { access_token_format: 'jwt', scopes: [{ name: 'jwt:read' }] };
  await registerApi(admin, jwt);
  const machine = await registerMachine(admin, 'things:read jwt:read');
  const app = await registerClient(admin, { scope: 'openid things:read', first_party: true });
  return { app, machine, user: await registerUser(admin) };
}

async function issueAll(server: Server, { app, machine, user }: Scene) {
  const ofMachine = async (scope: string) =>
    granted(await token(server, { grant_type: 'client_credentials', scope }, { as: machine })).access_token as string;
  const [opaque, jwt] = [await ofMachine('things:read'), await ofMachine('jwt:read')];
  const { code } = await authorize(server, app, user, { scope: 'openid things:read' });
  const signedIn = await signInFor(server, app, user, { scope: 'openid things:read' });
  const next = granted(await refreshed(server, signedIn.refresh_token, app));
  const values: string[] = [
    opaque,
    code,
    signedIn.access_token,
    signedIn.refresh_token,
    next.access_token,
    next.refresh_token,
  ];
  return { opaque, jwt, values, refreshToken: next.refresh_token as string };
}

describe.each(ENGINES)('A token on %s', (engine) => {
  describe.each(['on', 'off'])('with the narrow path %s', (way) => {
    let world: World;
    let scene: Scene;

    beforeAll(async () => {
      world = await startWorld(engine, { MINTMARK_NARROW_PATH: way });
      scene = await register(world.admin);
    }, 60_000);

    test('says when it was made, whatever it is, and so does the id of its row', async () => {
      const began = Date.now();
      const { jwt, values } = await issueAll(world.server, scene);
      for (const value of values) expect(value).toMatch(TIME_ORDERED_VALUE);
      expect(decodeJwt(jwt).jti).toMatch(/^[\w-]{24}$/);

      const { items } = (await world.admin.get('/tokens?limit=100')).body;
      const issued: string[] = items
        .filter(({ client_id }: { client_id: string }) =>
          [scene.app.client_id, scene.machine.client_id].includes(client_id),
        )
        .map(({ id }: { id: string }) => id);
      // Two of the machine, two codes, two tokens for one of them and two for refreshing those.
      expect(issued).toHaveLength(8);
      for (const id of issued) {
        expect(id).toMatch(/^[0-9a-f]{64}$/);
        const madeAt = Number.parseInt(id.slice(0, 12), 16);
        expect(madeAt).toBeGreaterThanOrEqual(began);
        expect(madeAt).toBeLessThanOrEqual(Date.now());
      }
    });

    test('that says another time, with whatever it says else, is none', async () => {
      const { opaque } = await issueAll(world.server, scene);
      expect(await isActive(world.server, opaque, scene.machine)).toBe(true);
      const madeAt = Buffer.from(opaque, 'base64url').readUIntBE(0, 6);
      for (const other of [madeAt - 1, madeAt + 1, 0, 2 ** 48 - 1]) {
        const bytes = Buffer.from(opaque, 'base64url');
        bytes.writeUIntBE(other, 0, 6);
        expect(await isActive(world.server, bytes.toString('base64url'), scene.machine)).toBe(false);
      }
      for (const other of [
        `${opaque}A`,
        opaque.slice(1),
        opaque.slice(0, 24),
        `${opaque.slice(0, 7)}.${opaque.slice(8)}`,
      ])
        expect(await isActive(world.server, other, scene.machine)).toBe(false);
    });
  });

  test('does not while instances may run that would not find it, and is good when they have ended', async () => {
    const { admin, server } = await startWorld(engine);
    const scene = await register(admin);
    const before = await again(server, `now() + interval '1 hour'`);
    const { opaque, jwt, values, refreshToken } = await issueAll(before, scene);
    for (const value of values) expect(value).toMatch(FORMER_VALUE);
    expect(decodeJwt(jwt).jti).toMatch(/^[\w-]{22}$/);

    const after = await again(before, 'now()');
    for (const value of [opaque, jwt]) expect(await isActive(after, value, scene.machine)).toBe(true);
    const next = granted(await refreshed(after, refreshToken, scene.app));
    expect(next.refresh_token).toMatch(TIME_ORDERED_VALUE);
  }, 60_000);

  /** As one that starts when this is the time from which tokens say when they were made. */
  async function again(server: Server, since: string): Promise<Server> {
    await server.stop();
    const { databaseUrl: url, dataDir } = server;
    const db = await openDatabase({ database: url ? { engine: 'postgres', url } : { engine: 'embedded' }, dataDir });
    await db.query(`update time_ordered_tokens set since = ${since}`);
    await db.close();
    return restart(server);
  }
});

describe.each(ENGINES)('The migration to time-ordered tokens on %s', (engine) => {
  const database = withDatabase(engine);

  test.each([
    ['a new database, at once', false, '00:00:00'],
    ['one with clients, in an hour', true, '01:00:00'],
  ])('begins with them on %s', async (_what, withClients, delay) => {
    const sql = await readFile(new URL('../../migrations/0008-time-ordered-tokens.sql', import.meta.url), 'utf8');
    const undone = database().transaction(async (tx) => {
      await tx.query('drop table time_ordered_tokens');
      if (withClients) await tx.query(`insert into clients (client_id, registration) values ('web', '{}')`);
      await tx.query(sql);
      const { rows } = await tx.query('select (since - now())::text as delay from time_ordered_tokens');
      expect(rows).toEqual([{ delay }]);
      throw new Error('undo');
    });
    await expect(undone).rejects.toThrow('undo');
  });
});

test('A running instance begins with them when it is time', async () => {
  const references = createReferences(createDigests([Buffer.alloc(32, 1)]), Date.now() / 1_000 + 2);
  const [former, formerJti] = [references.newValue(), references.newJti()];
  expect([former, formerJti]).toEqual([expect.stringMatching(FORMER_VALUE), expect.stringMatching(/^[\w-]{22}$/)]);
  const id = references.idOf('token', former);
  await eventually(() => TIME_ORDERED_VALUE.test(references.newValue()));
  expect(references.newJti()).toMatch(/^[\w-]{24}$/);
  expect(references.idOf('token', former)).toBe(id);
});
