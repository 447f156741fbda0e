import { createHash, randomBytes } from 'node:crypto';
import { describe, expect, test } from '@jest/globals';
import { openDatabase } from '#src/db/index.ts';
import { ENGINES, freshDatabase } from '../support/database.ts';
import { remember, rememberHeaders, rememberMembers, secretsIn } from '../support/vault.ts';

const secret = () => randomBytes(32).toString('base64url');

describe.each(ENGINES)('a test database on %s', (engine) => {
  const sha256 = (value: string) => createHash('sha256').update(value).digest();

  test.each<[form: string, statement: string, stored: (value: string) => string | Buffer]>([
    ['in a text column', 'insert into users (username, username_key) values ($1, $1)', (value) => value],
    ['in bytes', 'insert into replays (id, expires_at) values ($1, now())', (value) => Buffer.from(value)],
    ['under a hash without a key', 'insert into replays (id, expires_at) values ($1, now())', sha256],
    [
      'inside JSON',
      `insert into sessions (id, uid, payload, expires_at) values ('', '', $1, now())`,
      (value) => JSON.stringify({ deep: [{ cookie: `a=${value}` }] }),
    ],
  ])('is not dropped in silence when a secret lies in it %s', async (_form, statement, stored) => {
    const value = secret();
    const fresh = await freshDatabase(engine);
    const db = await openDatabase(fresh.config);
    await db.query(statement, [stored(value)]);
    await db.close();
    remember(value);
    await expect(fresh.drop()).rejects.toThrow(value.slice(0, 6));
  });
});

test('cookies, codes in redirects and secret members are remembered without being asked', () => {
  const [cookie, code, token, nested] = [secret(), secret(), secret(), secret()];
  rememberHeaders(
    new Headers([
      ['set-cookie', `session=${cookie}; path=/; httponly`],
      ['location', `https://app.example/callback?code=${code}&state=x`],
    ]),
  );
  rememberMembers({ access_token: token, items: [{ client_secret: nested }] });
  expect(secretsIn([cookie, code, token, nested].join(' '))).toHaveLength(4);
  expect(secretsIn('nothing of the kind')).toEqual([]);
});

test('the id of an interaction may stand in no database and in no log', () => {
  const id = secret();
  rememberHeaders(new Headers([['set-cookie', `mintmark_interaction=${id}; path=/login/${id}`]]));
  expect(secretsIn(`GET /login/${id}`)).toHaveLength(1);
  expect(secretsIn(id)).toHaveLength(1);
});
