/** The statement that exchanges codes and refresh tokens: what it guards, what it ends, and whom it keeps apart. */
import { beforeAll, describe, expect, test } from '@jest/globals';
import { createDigests, randomId, randomSecret } from '#src/crypto/index.ts';
import type { Database } from '#src/db/index.ts';
import { createTokens, type Grant, GuardFailed, type Token, type Tokens, type Unit } from '#src/tokens/index.ts';
import { ENGINES, withDatabase } from '../support/database.ts';
import { eventually } from '../support/eventually.ts';

const ANN = '00000000-0000-4000-8000-000000000001';
const API = 'https://api.example';
const now = () => Math.floor(Date.now() / 1000);

interface Held {
  readonly grant: Grant;
  readonly refresh: string;
  readonly access: string;
}

describe.each(ENGINES)('An exchange on %s', (engine) => {
  const database = withDatabase(engine);
  let asked: string[] = [];
  let tokens: Tokens;

  beforeAll(async () => {
    const db = listened(database(), (text) => asked.push(text));
    await db.query(`insert into clients (client_id, registration) values ('web', '{}')`);
    await db.query(`insert into users (id, username, username_key) values ($1, 'ann', 'ann')`, [ANN]);
    tokens = await createTokens({ db, digests: createDigests([Buffer.alloc(32, 1)]) });
  });

  function put(unit: Unit, kind: Token['kind'], grant: Grant, audience?: string): string {
    const value = randomSecret();
    const id = tokens.idFor('token', value);
    const [issuedAt, expiresAt] = [now(), now() + 600];
    const nothing = { userCode: undefined, consumedAt: undefined, status: undefined, remainder: {} };
    const of = { clientId: 'web', accountId: ANN, grantId: grant.id, grantType: 'authorization_code', scope: 'a' };
    unit.tokens.set(id, { id, kind, format: 'opaque', audience, issuedAt, expiresAt, ...of, ...nothing });
    return value;
  }

  async function signedIn(sessionUid?: string): Promise<Held> {
    const of = { accountId: ANN, clientId: 'web', consented: {}, issuedAt: now(), expiresAt: now() + 600 };
    const grant: Grant = { id: randomId(), sessionUid, ...of };
    return tokens.units.run(async () => {
      const unit = tokens.units.open();
      unit.grants.set(grant.id, grant);
      return { grant, refresh: put(unit, 'refresh_token', grant), access: put(unit, 'access_token', grant, API) };
    });
  }

  const refresh = (
    { grant, refresh }: Pick<Held, 'grant' | 'refresh'>,
    audience: string | undefined = API,
    also: (unit: Unit) => void = () => {},
  ): Promise<Held> =>
    tokens.units.run(async () => {
      const unit = tokens.units.open();
      unit.consume(tokens.idFor('token', refresh), 'refresh_token');
      also(unit);
      const issued = put(unit, 'refresh_token', grant);
      return { grant, refresh: issued, access: put(unit, 'access_token', grant, audience) };
    });

  const lives = async (value: string) => (await tokens.find(value)) !== undefined;
  const sql = (text: string, values?: unknown[]) => database().query(text, values);

  test('is written by the statement for exchanges', async () => {
    const held = await signedIn();
    asked = [];
    await refresh(held);
    expect(asked).toHaveLength(1);
    expect(asked[0]).toContain('access_from');
  });

  test('ends each older access token of the grant for the same API, however fast they follow each other', async () => {
    const [other, first] = [await signedIn(), await signedIn()];
    const chain = [first];
    for (let i = 0; i < 20; i += 1) chain.push(await refresh(chain.at(-1) as Held));
    const alive = await Promise.all(chain.map(({ access }) => lives(access)));
    expect(alive).toEqual(chain.map((_, i) => i === chain.length - 1));
    expect(await lives(other.access)).toBe(true);
  });

  test('leaves those for other APIs, and for none, alone', async () => {
    const first = await signedIn();
    const second = await refresh(first, 'https://other.example');
    const third = await tokens.units.run(async () => {
      const unit = tokens.units.open();
      unit.consume(tokens.idFor('token', second.refresh), 'refresh_token');
      return {
        ...first,
        refresh: put(unit, 'refresh_token', first.grant),
        access: put(unit, 'access_token', first.grant),
      };
    });
    for (const { access } of [first, second, third]) expect(await lives(access)).toBe(true);
    const fourth = await refresh(third, 'https://other.example');
    expect(await lives(second.access)).toBe(false);
    for (const { access } of [first, third, fourth]) expect(await lives(access)).toBe(true);
  });

  test('ends the older one, and gives a good one, also when the clock has gone back', async () => {
    const first = await signedIn();
    const second = await refresh(first);
    await sql(`update tokens set created_at = created_at + interval '1 day' where grant_id = $1`, [first.grant.id]);
    await sql(
      `update grants
          set access_from = jsonb_build_object($2::text, (access_from ->> $2)::timestamptz + interval '1 day')
        where id = $1`,
      [first.grant.id, API],
    );
    const third = await refresh(second);
    expect(await Promise.all([first, second, third].map(({ access }) => lives(access)))).toEqual([false, false, true]);
  });

  test('ends the first one, too, when the clock has gone back since', async () => {
    const first = await signedIn();
    await sql(`update tokens set created_at = created_at + interval '1 day' where grant_id = $1`, [first.grant.id]);
    const second = await refresh(first);
    expect(await Promise.all([first, second].map(({ access }) => lives(access)))).toEqual([false, true]);
  });

  const GUARDS: [what: string, end: (held: Held) => Promise<unknown>, undo?: () => Promise<unknown>][] = [
    [
      'the client is disabled',
      () => sql(`update clients set disabled = true`),
      () => sql(`update clients set disabled = false`),
    ],
    [
      'the user is disabled',
      () => sql(`update users set disabled = true`),
      () => sql(`update users set disabled = false`),
    ],
    ['the grant has ended', ({ grant }) => sql(`update grants set revoked_at = now() where id = $1`, [grant.id])],
    [
      'the token is revoked',
      ({ grant }) => sql(`update tokens set revoked_at = now() where grant_id = $1`, [grant.id]),
    ],
    ['the token is used', (held) => refresh(held)],
    [
      'a rule takes the token back',
      () =>
        sql(`insert into revocation_rules (id, client_id, issued_before, reason, created_by, expires_at)
             values ('r', 'web', now() + interval '1 minute', 'x', 'x', now() + interval '1 hour')`),
      () => sql(`delete from revocation_rules`),
    ],
  ];

  test.each(GUARDS)('is refused, and ends nothing, when %s', async (_what, end, undo = async () => {}) => {
    const held = await signedIn();
    await end(held);
    const before = await sql(`select access_from from grants where id = $1`, [held.grant.id]);
    const count = `select count(*)::int as n from tokens where grant_id = $1`;
    const tokensBefore = await sql(count, [held.grant.id]);
    try {
      await expect(refresh(held)).rejects.toThrow(GuardFailed);
    } finally {
      await undo();
    }
    expect((await sql(count, [held.grant.id])).rows).toEqual(tokensBefore.rows);
    expect((await sql(`select access_from from grants where id = $1`, [held.grant.id])).rows).toEqual(before.rows);
  });

  const ENDS: [what: string, statement: string][] = [
    ['disabling the client', `update clients set disabled = true where client_id = 'web' and $1::text is not null`],
    ['disabling the user', `update users set disabled = true where $1::text is not null`],
    ['ending the grant', 'update grants set revoked_at = now() where id = $1'],
  ];

  // The embedded engine has one connection: whoever ends something has it to himself.
  async function waitsFor(statement: string): Promise<void> {
    const held = await signedIn();
    const locks = `select 1 from pg_stat_activity where wait_event_type = 'Lock' and datname = current_database()`;
    try {
      let refreshing: Promise<unknown> = Promise.resolve();
      await database().transaction(async (db) => {
        await db.query(statement, [held.grant.id]);
        refreshing = expect(refresh(held)).rejects.toThrow(GuardFailed);
        await eventually(async () => (await sql(locks)).rowCount === 1);
      });
      await refreshing;
    } finally {
      await sql('update clients set disabled = false');
      await sql('update users set disabled = false');
    }
  }
  if (engine === 'postgres') {
    for (const [what, statement] of ENDS) test(`waits for ${what}, and is refused`, () => waitsFor(statement));
  }

  test('is refused for a proof that was seen', async () => {
    const proof = { id: tokens.idFor('token', randomSecret()), expiresAt: now() + 60 };
    const [one, other] = [await signedIn(), await signedIn()];
    const results = await Promise.allSettled(
      [one, other].map((held) => refresh(held, API, (unit) => unit.noteReplay(proof))),
    );
    expect(results.map(({ status }) => status).sort()).toEqual(['fulfilled', 'rejected']);
  });

  test('shares no statement with units of another kind, and all are written', async () => {
    const held = await Promise.all(Array.from({ length: 10 }, () => signedIn()));
    asked = [];
    const refreshed = await Promise.all(held.flatMap((one) => [refresh(one), signedIn()]));
    const kinds = asked.filter((text) => text.includes('insert into tokens'));
    expect(kinds.some((text) => text.includes('access_from'))).toBe(true);
    expect(kinds.some((text) => text.includes('json_to_recordset'))).toBe(true);
    expect(await Promise.all(refreshed.map(({ access }) => lives(access)))).toEqual(refreshed.map(() => true));
    expect(await Promise.all(held.map(({ access }) => lives(access)))).toEqual(held.map(() => false));
  });

  test('of two refresh tokens of one grant at the same moment succeeds for both', async () => {
    const one = await signedIn();
    const other = await tokens.units.run(async () => ({
      ...one,
      refresh: put(tokens.units.open(), 'refresh_token', one.grant),
    }));
    const [first, second] = await Promise.all([refresh(one), refresh(other, 'https://other.example')]);
    expect(await Promise.all([one, first, second].map(({ access }) => lives(access)))).toEqual([false, true, true]);
    // For one API the later one ends what the earlier one gave.
    const both = await Promise.all([refresh(first), refresh(second)]);
    const alive = await Promise.all(both.map(({ access }) => lives(access)));
    expect(alive.sort()).toEqual([false, true]);
  });

  test('at the moment of signing out leaves nothing alive', async () => {
    const uid = randomId();
    const held = await Promise.all(Array.from({ length: 8 }, () => signedIn(uid)));
    const signOut = () => tokens.units.run(async () => void tokens.units.open().endedSessions.add(uid));
    const results = await Promise.allSettled([
      ...held.slice(0, 4).map((one) => refresh(one)),
      signOut(),
      ...held.slice(4).map((one) => refresh(one)),
    ]);
    const given = results.flatMap((result) => (result.status === 'fulfilled' && result.value ? [result.value] : []));
    for (const { access, refresh } of [...held, ...given]) {
      expect(await lives(access)).toBe(false);
      expect(await lives(refresh)).toBe(false);
    }
  });

  test('that would do more than exchange fails alone', async () => {
    const [one, other] = [await signedIn(), await signedIn()];
    const results = await Promise.allSettled([
      refresh(one, API, (unit) => unit.endedSessions.add(randomId())),
      refresh(other),
    ]);
    expect(results.map(({ status }) => status)).toEqual(['rejected', 'fulfilled']);
    expect(await lives(one.access)).toBe(true);
  });
});

function listened(db: Database, heard: (text: string) => void): Database {
  const query: Database['query'] = (text, values) => {
    heard(text);
    return db.query(text, values);
  };
  return { ...db, query };
}
