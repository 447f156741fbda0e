import { request } from 'node:http';
import { expect, test } from '@jest/globals';
import { basic } from '../support/http.ts';
import { startServer } from '../support/server.ts';

test('SIGTERM lets a request that has begun finish, takes no new one, and ends with 0', async () => {
  const server = await startServer({ engine: 'embedded' });
  const body = 'grant_type=client_credentials&scope=admin';
  const pending = request(`${server.url}/oauth/token`, {
    method: 'POST',
    headers: {
      authorization: basic(server.admin.client_id, server.admin.client_secret),
      'content-type': 'application/x-www-form-urlencoded',
      'content-length': body.length,
    },
  });
  const answered = new Promise<number | undefined>((resolve, reject) => {
    pending.once('response', (response) => resolve(response.resume().statusCode)).once('error', reject);
  });
  pending.write(body.slice(0, 10));
  // Another request, answered, shows that the first one's beginning has arrived: it was sent before.
  expect((await fetch(`${server.url}/healthz`)).status).toBe(200);

  const stopped = server.stop();
  pending.end(body.slice(10));
  expect(await answered).toBe(200);
  await stopped;
  await expect(fetch(`${server.url}/healthz`)).rejects.toThrow();
});
