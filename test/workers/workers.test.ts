/** Two workers behind one address answer as one server does. */
import { request } from 'node:http';
import { beforeAll, describe, expect, test } from '@jest/globals';
import { codeFor, exchange, introspect, post } from '../races/app.ts';
import { adminApi, registerMachine } from '../support/clients.ts';
import { ENGINES } from '../support/database.ts';
import { eventually } from '../support/eventually.ts';
import { basic } from '../support/http.ts';
import { type Server, startServer } from '../support/server.ts';
import { answerers, logLines, registerApp, SCOPE, TWO_WORKERS } from './support.ts';

const AT_ONCE = 50;

describe.each(ENGINES)('Two workers on %s', (engine) => {
  let server: Server;
  beforeAll(async () => {
    server = await startServer({ engine, env: TWO_WORKERS });
  }, 60_000);

  test('say once that they are ready, and both answer', async () => {
    await eventually(() => /^Mintmark is ready at/m.test(server.output()));
    expect(server.output().match(/^Mintmark is ready at/gm)).toHaveLength(1);
    expect(logLines(server).filter(({ msg }) => msg === 'ready')).toHaveLength(1);
    await eventually(async () => {
      await Promise.all([1, 2, 3, 4].map(() => fetch(`${server.url}/readyz`)));
      return answerers(server, '/readyz').size === 2;
    });
    expect(answerers(server, '/readyz')).toEqual(new Set([1, 2]));
  });

  test('of 50 exchanges of one code at both exactly one succeeds, and its tokens end', async () => {
    const app = await registerApp(server);
    const code = await codeFor(server, app, SCOPE);
    const answers = await Promise.all(Array.from({ length: AT_ONCE }, () => exchange(server, app, code)));
    const winners = answers.filter(({ status }) => status === 200);
    expect(winners).toHaveLength(1);
    const losers = answers.filter(({ status, body }) => status === 400 && body.error === 'invalid_grant');
    expect(losers).toHaveLength(AT_ONCE - 1);
    expect(await introspect(server, app, winners[0]?.body.access_token)).toMatchObject({ active: false });
    await eventually(() => answerers(server, '/oauth/token').size === 2);
  });

  test('50 uses of one refresh token at both are one rotation, and all get its answer', async () => {
    const app = await registerApp(server);
    const { body: first } = await exchange(server, app, await codeFor(server, app, SCOPE));
    const form = { grant_type: 'refresh_token', refresh_token: first.refresh_token };
    const answers = await Promise.all(Array.from({ length: AT_ONCE }, () => post(server, '/oauth/token', app, form)));
    expect(answers.map(({ status }) => status)).toEqual(answers.map(() => 200));
    expect(new Set(answers.map(({ body }) => body.refresh_token)).size).toBe(1);
    expect(new Set(answers.map(({ body }) => body.access_token)).size).toBe(1);
  });

  test('what is changed of a client at one, both know soon', async () => {
    const admin = await adminApi(server);
    const machine = await registerMachine(admin, 'things:read');
    /** On a connection of its own each: the workers take turns. */
    const statuses = () => Promise.all([1, 2, 3, 4].map(() => freshly(server, machine)));
    await eventually(async () => (await statuses()).every((status) => status === 200));
    for (const [disabled, status] of [
      [true, 401],
      [false, 200],
    ] as const) {
      expect((await admin.patch(`/clients/${machine.client_id}`, { disabled })).status).toBe(200);
      await eventually(async () => (await statuses()).every((one) => one === status));
    }
    expect((await admin.post(`/clients/${machine.client_id}/secrets`, { expires_previous_in: 0 })).status).toBe(201);
    await eventually(async () => (await statuses()).every((one) => one === 401));
  });

  test('a signing key that replaces another is published by both soon', async () => {
    const admin = await adminApi(server);
    const kids = async () =>
      Promise.all(
        [1, 2, 3, 4].map(async () => {
          const headers = { connection: 'close' };
          const { keys } = (await (await fetch(`${server.url}/oauth/jwks`, { headers })).json()) as {
            keys: { kid: string }[];
          };
          return keys
            .map(({ kid }) => kid)
            .sort()
            .join();
        }),
      );
    const [before] = await kids();
    expect((await admin.post('/keys/rotate', { alg: 'ES256' })).status).toBeLessThan(300);
    await eventually(async () => {
      const published = new Set(await kids());
      return published.size === 1 && !published.has(before as string);
    });
  });
});

/** The status of a client credentials request on a connection that nobody used before. */
function freshly(server: Server, { client_id, client_secret }: { client_id: string; client_secret: string }) {
  const body = new URLSearchParams({ grant_type: 'client_credentials', scope: 'things:read' }).toString();
  return new Promise<number | undefined>((resolve, reject) => {
    const asked = request(`${server.url}/oauth/token`, {
      method: 'POST',
      agent: false,
      headers: {
        authorization: basic(client_id, client_secret),
        'content-type': 'application/x-www-form-urlencoded',
        'content-length': body.length,
      },
    });
    asked.once('response', (answer) => resolve(answer.resume().statusCode)).once('error', reject);
    asked.end(body);
  });
}
