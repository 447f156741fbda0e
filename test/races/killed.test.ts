import { describe, expect, test } from '@jest/globals';
import { adminApi, registerApi, registerClient, registerMachine, registerUser } from '../support/clients.ts';
import { ENGINES } from '../support/database.ts';
import { restart, type Server, startServer } from '../support/server.ts';
import { type Answer, codeFor, exchange, introspect, post } from './app.ts';

const CLIENTS_AT_ONCE = 16;

describe.each(ENGINES)('Killed with SIGKILL in the middle of issuing on %s', (engine) => {
  test('a server started again knows every client, user, grant and token it had acknowledged', async () => {
    const server = await startServer({ engine });
    const admin = await adminApi(server);
    await registerApi(admin, { access_token_format: 'jwt' });
    const user = await registerUser(admin);
    const app = { ...(await registerClient(admin, { scope: 'openid things:read', first_party: true })), user };
    const machine = { ...(await registerMachine(admin, 'things:read')), user };
    const signedIn = await exchange(server, app, await codeFor(server, app));

    const acknowledged = await issueUntilKilled(server, machine);
    expect(acknowledged.length).toBeGreaterThan(CLIENTS_AT_ONCE);
    const again = await restart(server);

    const introspected = await Promise.all(acknowledged.map((token) => introspect(again, machine, token)));
    expect(introspected.filter(({ active }) => !active)).toEqual([]);
    expect(await introspect(again, app, signedIn.body.access_token)).toMatchObject({ active: true, sub: user.id });
    const { refresh_token } = signedIn.body;
    expect((await post(again, '/oauth/token', app, { grant_type: 'refresh_token', refresh_token })).status).toBe(200);
    expect((await (await adminApi(again)).get(`/users/${user.id}`)).body).toMatchObject({ username: user.username });
  });
});

/** Several clients ask for tokens without a pause; the kill comes in the middle of it. */
async function issueUntilKilled(server: Server, machine: Parameters<typeof post>[2]): Promise<string[]> {
  const acknowledged: string[] = [];
  let killed: Promise<void> | undefined;

  async function askOnAndOn(): Promise<void> {
    for (;;) {
      const answer: Answer | undefined = await post(server, '/oauth/token', machine, {
        grant_type: 'client_credentials',
        scope: 'things:read',
      }).catch(() => undefined);
      if (!answer) return;
      acknowledged.push(answer.body.access_token);
      if (acknowledged.length === CLIENTS_AT_ONCE * 6) killed = server.kill();
    }
  }

  await Promise.all(Array.from({ length: CLIENTS_AT_ONCE }, askOnAndOn));
  await killed;
  return acknowledged;
}
