/** What a revocation leaves behind: on the narrow path the same events, and the same rows, as by the engine. */
import { describe, expect, test } from '@jest/globals';
import type { Db } from '#src/db/index.ts';
import { granted, post, token } from '../endpoints/protocol.ts';
import { adminApi, type RegisteredClient, registerApi, registerClient, registerUser } from '../support/clients.ts';
import { ENGINES } from '../support/database.ts';
import { eventsIn, startListened } from '../support/listening.ts';
import type { Server } from '../support/server.ts';
import { bothWays } from './both-ways.ts';

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
    expect(revocationsBy(here, server)).toEqual(new Set([true]));
    expect(revocationsBy(there, server)).not.toContain(true);
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

/** Whether the narrow path was taken, as the log says of each. */
function revocationsBy({ client_id }: RegisteredClient, { output }: Server): Set<boolean> {
  const lines = output()
    .split('\n')
    .filter((line) => line.includes(`"path":"${PATH}"`) && line.includes(`"client_id":"${client_id}"`));
  return new Set(lines.map((line) => line.includes('"narrow":true')));
}

/** What the database knows of a client's tokens. */
async function traces(db: Db, { client_id }: RegisteredClient) {
  const events = (await eventsIn(db)).filter((event) => event.client_id === client_id);
  const { rows: tokens } = await db.query(
    `select t.kind, t.revoked_at is not null as revoked, t.consumed_at is not null as consumed,
            t.last_used_at is not null as used, g.revoked_at is not null as grant_revoked, g.signed_out
       from tokens t
       left join grants g on g.id = t.grant_id
      where t.client_id = $1
      order by t.created_at, t.kind`,
    [client_id],
  );
  const { rows: audit } = await db.query(
    `select action, outcome from audit_log where strpos(concat(actor, target, data), $1) > 0 order by id`,
    [client_id],
  );
  const unnamed = unname();
  return {
    events: events.map(({ client_id: _, data, ...event }) => ({ ...event, data: unnamed(data) })),
    tokens,
    audit,
  };
}

/** Ids are replaced by the order in which they come, moments by nothing. */
function unname() {
  const ids = new Map<unknown, string>();
  const numbered = (id: unknown) => {
    if (!ids.has(id)) ids.set(id, `no ${ids.size}`);
    return ids.get(id);
  };
  return (data: Readonly<Record<string, unknown>>): Record<string, unknown> =>
    Object.fromEntries(
      Object.entries(data)
        .filter(([member]) => !member.endsWith('_at'))
        .map(([member, value]) => [member, member.endsWith('_id') ? numbered(value) : value]),
    );
}
