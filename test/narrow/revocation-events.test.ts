/** What a revocation leaves behind: on the narrow path the same events, and the same rows, as by the engine. */
import { describe, expect, test } from '@jest/globals';
import { granted, post, token } from '../endpoints/protocol.ts';
import { adminApi, type RegisteredClient, registerApi, registerClient, registerUser } from '../support/clients.ts';
import { ENGINES } from '../support/database.ts';
import { startListened } from '../support/listening.ts';
import type { Server } from '../support/server.ts';
import { bothWays } from './both-ways.ts';
import { traces, waysTaken } from './traces.ts';

const PATH = '/oauth/revoke';
const SCOPE = 'openid things:read';
const AT_ONCE = 10;

describe.each(ENGINES)('A revocation on %s', (engine) => {
  test('is told and written down alike, whichever way it went', async () => {
    const { server, atTheEnd } = await startListened(engine, [{}]);
    const admin = await adminApi(server);
    const ways = await bothWays({ server, admin });
    await registerApi(admin);
    const user = await registerUser(admin);
    const grant_types = ['client_credentials', 'password', 'refresh_token'];
    const registered = async () =>
      ways.known(await registerClient(admin, { scope: SCOPE, first_party: true, grant_types, redirect_uris: [] }));
    const [here, there] = [await registered(), await registered()];

    /** @param at where what was issued is taken back */
    async function story(client: RegisteredClient, at: [Server, string]): Promise<void> {
      const issue = async (asked: Record<string, string>) => granted(await token(server, asked, { as: client }));
      const { username, password } = user;
      const signIn = () => issue({ grant_type: 'password', username, password, scope: SCOPE });
      const revoke = async (value: string) =>
        expect(await post(...at, { token: value }, { as: client })).toMatchObject({ status: 200, body: '' });

      const { access_token } = await issue({ grant_type: 'client_credentials', scope: 'things:read' });
      for (const value of [access_token, access_token, 'A'.repeat(43)]) await revoke(value);
      // The third is left alone.
      const [one, other] = [await signIn(), await signIn(), await signIn()];
      await revoke(one.access_token);
      for (const value of [other.refresh_token, other.access_token]) {
        await Promise.all(Array.from({ length: AT_ONCE }, () => revoke(value)));
      }
    }
    await story(here, [server, PATH]);
    await story(there, ways.wide(PATH));

    // It writes of the last uses when it stops.
    await ways.wide(PATH)[0].stop();
    const [narrow, wide] = await atTheEnd(async (db) => [await traces(db, here), await traces(db, there)]);
    expect(waysTaken(PATH, here, server)).toEqual(new Set([true]));
    expect(waysTaken(PATH, there, ways.wide(PATH)[0])).toEqual(new Set([false]));
    expect(narrow).toEqual(wide);
    const told = narrow?.events.map(({ type, data: { kind } }) => [type, kind]);
    expect(told?.filter(([type]) => /revoked/.test(String(type)))).toEqual([
      ['token.revoked', 'access_token'],
      ['token.revoked', 'access_token'],
      ['token.revoked', 'refresh_token'],
      ['grant.revoked', undefined],
    ]);
  }, 60_000);
});
