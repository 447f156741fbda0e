/** What UserInfo leaves behind, on the narrow path as by the engine: of the token that it was asked by, that it was used. */
import { describe, expect, test } from '@jest/globals';
import { get, granted, token } from '../endpoints/protocol.ts';
import { adminApi, type RegisteredClient, registerApi, registerClient, registerUser } from '../support/clients.ts';
import { ENGINES } from '../support/database.ts';
import { startListened } from '../support/listening.ts';
import type { Server } from '../support/server.ts';
import { bothWays } from './both-ways.ts';
import { bearer, USERINFO } from './scene.ts';
import { traces, waysTaken } from './traces.ts';

const AT_ONCE = 10;

describe.each(ENGINES)('UserInfo on %s', (engine) => {
  test('is written down alike as a use of its token, whichever way it went', async () => {
    const { server, atTheEnd } = await startListened(engine, [{}]);
    const admin = await adminApi(server);
    const ways = await bothWays({ server, admin });
    await registerApi(admin);
    const { username, password } = await registerUser(admin);
    const scope = 'openid things:read';
    const grant_types = ['password', 'refresh_token'];
    const registered = async () =>
      ways.known(await registerClient(admin, { scope, first_party: true, grant_types, redirect_uris: [] }));
    const [here, there] = [await registered(), await registered()];

    /** @param at where UserInfo is asked for */
    async function story(client: RegisteredClient, at: [Server, string]): Promise<number[]> {
      const signIn = async (asked: string) =>
        granted(await token(server, { grant_type: 'password', username, password, scope: asked }, { as: client }));
      const ask = async (value: string) => (await get(...at, bearer(value).headers)).status;
      // The third is left alone.
      const [once, often] = [await signIn('openid'), await signIn('openid'), await signIn('openid')];
      const forAnApi = await signIn('things:read');
      const toOften = await Promise.all(Array.from({ length: AT_ONCE }, () => ask(often.access_token)));
      const rest = [];
      for (const value of [once.access_token, once.refresh_token, forAnApi.access_token]) rest.push(await ask(value));
      return [...toOften, ...rest];
    }
    const statuses = [...Array.from({ length: AT_ONCE }, () => 200), 200, 401, 403];
    expect(await story(here, [server, USERINFO])).toEqual(statuses);
    expect(await story(there, ways.wide(USERINFO))).toEqual(statuses);

    // It writes of the last uses when it stops.
    await ways.wide(USERINFO)[0].stop();
    const [narrow, wide] = await atTheEnd(async (db) => [await traces(db, here), await traces(db, there)]);
    expect(waysTaken(USERINFO, here, server)).toContain(true);
    expect(waysTaken(USERINFO, there, ways.wide(USERINFO)[0])).toEqual(new Set([false]));
    expect(narrow).toEqual(wide);
    expect(narrow?.tokens.map(({ kind, used }) => [kind, used])).toEqual([
      ['access_token', true],
      ['refresh_token', true],
      ['access_token', true],
      ['refresh_token', false],
      ['access_token', false],
      ['refresh_token', false],
      ['access_token', true],
      ['refresh_token', false],
    ]);
  }, 60_000);
});
