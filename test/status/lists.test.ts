import { randomBytes } from 'node:crypto';
import { inflateSync } from 'node:zlib';
import { describe, expect, test } from '@jest/globals';
import { createLocalJWKSet, jwtVerify } from 'jose';
import { createSeals } from '#src/crypto/index.ts';
import type { Database } from '#src/db/index.ts';
import { createKeys } from '#src/keys/index.ts';
import { createStatusLists, type StatusEntry, type StatusLists } from '#src/tokens/index.ts';
import { ENGINES, withDatabase } from '../support/database.ts';
import { eventually } from '../support/eventually.ts';

const ISSUER = 'https://auth.example';
const OLD = Buffer.alloc(32, 1);
const NEW = Buffer.alloc(32, 2);

describe.each(ENGINES)('Status lists on %s', (engine) => {
  const database = withDatabase(engine);
  const log = { error: () => {} };

  async function open(secretKeys = [OLD]) {
    const db = database();
    const seals = createSeals(secretKeys);
    const keys = await createKeys({ db, seals, log });
    const lists = await createStatusLists({ db, seals, keys, issuer: ISSUER });
    keys.close();
    return { db, keys, lists };
  }

  test('two instances never give the same entry, and no two in a row', async () => {
    const [one, two] = [(await open()).lists, (await open()).lists];
    const entries = await Promise.all(Array.from({ length: 3_000 }, (_, i) => (i % 2 ? one : two).take()));
    expect(new Set(entries.map(({ list, index }) => `${list} ${index}`)).size).toBe(entries.length);
    const neighbours = entries.filter(({ index }, i) => Math.abs(index - (entries[i + 1]?.index ?? -9)) === 1);
    expect(neighbours.length).toBeLessThan(3);
  });

  test('goes on with the same permutation under a new secret key, and without the old one', async () => {
    const entries: StatusEntry[] = [];
    for (const secretKeys of [[OLD], [NEW, OLD], [NEW]]) {
      const { lists } = await open(secretKeys);
      for (let i = 0; i < 600; i += 1) entries.push(await lists.take());
    }
    expect(new Set(entries.map(({ list, index }) => `${list} ${index}`)).size).toBe(entries.length);
    // For the tests after this one.
    expect((await open([OLD, NEW])).lists).toBeDefined();
  });

  test('a list is a signed JWT of 262,144 bits that says when it was read and how long to believe it', async () => {
    const { keys, lists } = await open([OLD, NEW]);
    const { list } = await lists.take();
    const before = Math.floor(Date.now() / 1000);
    const copy = await lists.read(list);
    const jwks = createLocalJWKSet({ keys: (await keys.list()).map(({ publicJwk }) => publicJwk) });
    const { payload, protectedHeader } = await jwtVerify(copy?.jwt ?? '', jwks, { typ: 'statuslist+jwt' });
    expect(protectedHeader).toMatchObject({ alg: 'ES256', kid: keys.current('ES256').kid });
    expect(payload).toMatchObject({ iss: ISSUER, sub: `${ISSUER}/status/${list}`, ttl: 30, status_list: { bits: 1 } });
    expect(payload.iat).toBeGreaterThanOrEqual(before);
    expect(payload.exp).toBe((payload.iat ?? 0) + 300);
    expect(bitsIn(payload)).toHaveLength(262_144 / 8);
  });

  test('there is no list that no token can be on', async () => {
    const { lists } = await open([OLD, NEW]);
    const { list } = await lists.take();
    expect(await lists.read(list + 1)).toBeUndefined();
    expect(await lists.read(999_999_999)).toBeUndefined();
  });

  test('whatever ends a token sets its bit, and only its bit', async () => {
    const { db, lists } = await open([OLD, NEW]);
    const endings: Record<string, (world: World) => Promise<unknown>> = {
      revoked: ({ id }) => db.query('update tokens set revoked_at = now() where id = $1', [id]),
      'grant revoked': ({ grant }) => db.query('update grants set revoked_at = now() where id = $1', [grant]),
      'client disabled': ({ client }) => db.query('update clients set disabled = true where client_id = $1', [client]),
      'client deleted': ({ client }) => db.query('delete from clients where client_id = $1', [client]),
      'user disabled': ({ user }) => db.query('update users set disabled = true where id = $1', [user]),
      'user deleted': ({ user }) => db.query('delete from users where id = $1', [user]),
      'revocation rule': ({ client }) =>
        db.query(
          `insert into revocation_rules (id, client_id, issued_before, reason, created_by, expires_at)
           values ($1, $1, now() + interval '1 s', 'test', 'test', now() + interval '1 day')`,
          [client],
        ),
    };
    const bystander = await issue(db, lists);
    const ended: Record<string, World> = {};
    for (const name of Object.keys(endings)) ended[name] = await issue(db, lists);
    const bits = async () => {
      const set = await Promise.all(
        Object.entries(ended).map(async ([name, { entry }]) => [name, await bit(lists, entry)]),
      );
      return Object.fromEntries(set) as Record<string, number>;
    };
    expect(new Set(Object.values(await bits()))).toEqual(new Set([0]));
    for (const [name, end] of Object.entries(endings)) await end(ended[name] as World);
    await eventually(async () => (await bit(lists, (ended['revocation rule'] as World).entry)) === 1, 10_000);
    expect(await bits()).toEqual(Object.fromEntries(Object.keys(endings).map((name) => [name, 1])));
    expect(await bit(lists, bystander.entry)).toBe(0);
  });

  test('an expired token needs no bit', async () => {
    const { db, lists } = await open([OLD, NEW]);
    const expired = await issue(db, lists);
    await db.query(`update tokens set revoked_at = now(), expires_at = now() - interval '1 h' where id = $1`, [
      expired.id,
    ]);
    expect(await bit(lists, expired.entry)).toBe(0);
  });
});

type World = Awaited<ReturnType<typeof issue>>;

async function issue(db: Database, lists: StatusLists) {
  const entry = await lists.take();
  const [id, client, grant] = [randomBytes(32), name(), name()];
  await db.query(`insert into clients (client_id, registration) values ($1, '{}')`, [client]);
  const { rows } = await db.query<{ id: string }>(
    'insert into users (username, username_key) values ($1, $1) returning id',
    [name()],
  );
  const user = rows[0]?.id;
  await db.query(
    `insert into grants (id, account_id, client_id, consented, expires_at)
     values ($1, $2, $3, '{}', now() + interval '1 day')`,
    [grant, user, client],
  );
  await db.query(
    `insert into tokens (id, kind, format, client_id, account_id, grant_id, issued_at, expires_at, status_list,
                         status_index, remainder)
     values ($1, 'access_token', 'jwt', $2, $3, $4, now(), now() + interval '1 hour', $5, $6, '{}')`,
    [id, client, user, grant, entry.list, entry.index],
  );
  return { entry, id, client, grant, user };
}

const name = () => randomBytes(9).toString('hex');

async function bit(lists: StatusLists, { list, index }: StatusEntry): Promise<number> {
  const copy = await lists.read(list);
  const payload = JSON.parse(Buffer.from(copy?.jwt.split('.')[1] ?? '', 'base64url').toString());
  return ((bitsIn(payload)[index >> 3] ?? 0) >> (index & 7)) & 1;
}

function bitsIn(payload: Record<string, any>): Buffer {
  return inflateSync(Buffer.from(payload.status_list.lst, 'base64url'));
}
