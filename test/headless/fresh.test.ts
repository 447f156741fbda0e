import { beforeAll, describe, expect, test } from '@jest/globals';
import { openDatabase } from '#src/db/index.ts';
import { adminApi, registerUser } from '../support/clients.ts';
import { ENGINES } from '../support/database.ts';
import { authenticate, callApi } from '../support/people.ts';
import { restart, type Server, startServer } from '../support/server.ts';

describe.each(ENGINES)('a sign-in of ten minutes ago, on %s', (engine) => {
  let server: Server;
  let token: string;

  beforeAll(async () => {
    const before = await startServer({ engine });
    const user = await registerUser(await adminApi(before));
    ({ token } = await authenticate(before, user));
    await before.stop();
    const { databaseUrl: url, dataDir } = before;
    const database = url ? ({ engine: 'postgres', url } as const) : ({ engine: 'embedded' } as const);
    const db = await openDatabase({ database, dataDir });
    await db.query(
      `update sessions
          set payload = jsonb_set(payload, '{loginTs}', to_jsonb(floor(extract(epoch from now() - interval '10 minutes'))))
        where account_id = $1`,
      [user.id],
    );
    await db.close();
    server = await restart(before);
  });

  test.each<[method: string, path: string, body: object | undefined]>([
    ['PATCH', '/me', { email: 'other@example.com' }],
    ['PATCH', '/me', { email: null }],
    ['DELETE', '/me/authenticators/password', undefined],
    ['POST', '/me/totp', {}],
    ['POST', '/me/passkeys', {}],
    ['POST', '/me/recovery-codes', undefined],
    ['POST', '/me/pats', {}],
    ['POST', `/me/pats/${'0'.repeat(64)}/rotate`, undefined],
  ])('is too old for %s %s', async (method, path, body) => {
    const { status, headers } = await callApi(server, method, path, { token, body });
    expect({ status, challenge: headers.get('www-authenticate') }).toEqual({
      status: 401,
      challenge: 'Bearer error="insufficient_user_authentication", max_age="300"',
    });
  });

  test('is good for all else', async () => {
    expect((await callApi(server, 'GET', '/me', { token })).status).toBe(200);
    expect((await callApi(server, 'PATCH', '/me', { token, body: { name: 'Ann' } })).status).toBe(200);
    expect((await callApi(server, 'GET', '/me/sessions', { token })).status).toBe(200);
  });
});
