import { describe, expect, test } from '@jest/globals';
import { type Db, openDatabase } from '#src/db/index.ts';
import { createRetention } from '#src/tokens/index.ts';
import { ENGINES, freshDatabase, withDatabase } from '../support/database.ts';
import { listen } from '../support/listening.ts';

const DAY = 86_400;
const ACCOUNT = '11111111-1111-4111-8111-111111111111';

interface Made {
  readonly expires: string;
  readonly revoked?: string;
  readonly grant?: string;
}

async function putToken(db: Db, id: string, { expires, revoked, grant }: Made): Promise<void> {
  await db.query(
    `insert into tokens (id, kind, format, client_id, account_id, grant_id, issued_at, expires_at, revoked_at, remainder)
     values (convert_to($1, 'UTF8'), 'refresh_token', 'opaque', 'app', $2, $3, now() - interval '1 year',
             now() + $4::interval, now() + $5::interval, '{}')`,
    [id, grant ? ACCOUNT : null, grant, expires, revoked],
  );
}

async function putGrant(db: Db, id: string, { expires, revoked }: Made): Promise<void> {
  await db.query(
    `insert into grants (id, account_id, client_id, consented, expires_at, revoked_at)
     values ($1, $2, 'app', '{}', now() + $3::interval, now() + $4::interval)`,
    [id, ACCOUNT, expires, revoked],
  );
}

async function names(db: Db, statement: string): Promise<string[]> {
  const { rows } = await db.query<{ name: string }>(statement);
  return rows.map(({ name }) => name).sort();
}

const tokens = (db: Db) => names(db, `select convert_from(id, 'UTF8') as name from tokens`);
const grants = (db: Db) => names(db, 'select id as name from grants');

describe.each(ENGINES)('What is dead goes away on %s', (engine) => {
  const db = withDatabase(engine);

  test('tokens when they have been expired for the retention time, revoked or not', async () => {
    await putToken(db(), 'living', { expires: '1 hour' });
    await putToken(db(), 'revoked', { expires: '1 hour', revoked: '-60 days' });
    await putToken(db(), 'expired', { expires: '-29 days' });
    await putToken(db(), 'forgotten', { expires: '-31 days' });
    await putToken(db(), 'revoked and forgotten', { expires: '-31 days', revoked: '-32 days' });

    const { rows, more } = await createRetention({ db: db(), keep: 30 * DAY }).removeDead();
    expect({ tokens: rows.tokens, more }).toEqual({ tokens: 2, more: false });
    expect(await tokens(db())).toEqual(['expired', 'living', 'revoked']);

    await createRetention({ db: db(), keep: 0 }).removeDead();
    expect(await tokens(db())).toEqual(['living', 'revoked']);
  });

  test('not in the minute after: a slow clock, or a request under way, may take them for living', async () => {
    await putToken(db(), 'just expired', { expires: '-50 seconds' });
    await putToken(db(), 'expired', { expires: '-70 seconds' });
    await createRetention({ db: db(), keep: 0 }).removeDead();
    expect(await tokens(db())).toEqual(['just expired', 'living', 'revoked']);
  });

  test('grants when they expired or were revoked that long ago, unless a token of theirs could still be used', async () => {
    await putGrant(db(), 'living', { expires: '1 hour' });
    await putGrant(db(), 'revoked lately', { expires: '1 hour', revoked: '-1 day' });
    await putGrant(db(), 'revoked', { expires: '1 hour', revoked: '-31 days' });
    await putGrant(db(), 'expired', { expires: '-31 days' });
    await putGrant(db(), 'expired before its token', { expires: '-31 days' });
    await putToken(db(), 'long-lived', { expires: '1 hour', grant: 'expired before its token' });
    await createRetention({ db: db(), keep: 30 * DAY }).removeDead();
    expect(await grants(db())).toEqual(['expired before its token', 'living', 'revoked lately']);
  });

  test('what only lives for a moment as soon as it is over, whatever the retention time', async () => {
    for (const [id, expires] of Object.entries({ over: '-2 minutes', going: '1 minute' })) {
      const values = [id, expires];
      const inserts = [
        `into replays (id, expires_at) values (convert_to($1, 'UTF8'), now() + $2::interval)`,
        `into interactions (id, payload, expires_at) values (convert_to($1, 'UTF8'), '{}', now() + $2::interval)`,
        `into sessions (id, uid, payload, expires_at) values (convert_to($1, 'UTF8'), $1, '{}', now() + $2::interval)`,
        `into refresh_answers (token_id, successor_id, sealed, expires_at)
         values (convert_to($1, 'UTF8'), '', '', now() + $2::interval)`,
        `into revocation_rules (id, kind, issued_before, reason, created_by, expires_at)
         values ($1, 'access_token', now() - interval '1 year', 'test', 'test', now() + $2::interval)`,
      ];
      for (const insert of inserts) await db().query(`insert ${insert}`, values);
    }
    const { rows } = await createRetention({ db: db(), keep: 3_650 * DAY }).removeDead();
    expect(rows).toMatchObject({ replays: 1, interactions: 1, sessions: 1, refresh_answers: 1, revocation_rules: 1 });
    expect(await names(db(), 'select uid as name from sessions')).toEqual(['going']);
    expect(await names(db(), 'select id as name from revocation_rules')).toEqual(['going']);
  });

  test('events after the retention time', async () => {
    await listen(db(), { types: ['29 days', '31 days'] });
    for (const age of ['29 days', '31 days']) {
      await db().query('insert into events (type, created_at) values ($1, now() - $2::interval)', [age, age]);
    }
    await createRetention({ db: db(), keep: 30 * DAY }).removeDead();
    expect(await names(db(), 'select type as name from events')).toEqual(['29 days']);
  });

  test('not at all once the server stops; the next turn finds it', async () => {
    await putToken(db(), 'forgotten', { expires: '-31 days' });
    const retention = createRetention({ db: db(), keep: 0 });
    expect(await retention.removeDead(AbortSignal.abort())).toEqual({ rows: {}, more: true });
    expect((await retention.removeDead()).rows.tokens).toBeGreaterThan(0);
  });
});

const onPostgres = ENGINES.includes('postgres') ? describe : describe.skip;

onPostgres('A row that a request has locked', () => {
  test('is passed over, and goes with a later turn', async () => {
    const fresh = await freshDatabase('postgres');
    const db = await openDatabase(fresh.config);
    await putToken(db, 'locked', { expires: '-2 minutes' });
    await putToken(db, 'free', { expires: '-2 minutes' });
    const retention = createRetention({ db, keep: 0 });
    await db.transaction(async (tx) => {
      await tx.query(`select from tokens where id = 'locked' for update`);
      expect((await retention.removeDead()).rows.tokens).toBe(1);
      expect(await tokens(db)).toEqual(['locked']);
    });
    expect((await retention.removeDead()).rows.tokens).toBe(1);
    await db.close();
    await fresh.drop();
  });
});

describe('The embedded engine, which has no autovacuum', () => {
  const db = withDatabase('embedded');
  const DEAD = 6_000;

  /** As many rows as one turn removes and then vacuums. */
  async function round(retention: ReturnType<typeof createRetention>): Promise<number> {
    await db().query(
      `insert into tokens (id, kind, format, client_id, issued_at, expires_at, remainder)
       select convert_to(gen_random_uuid()::text, 'UTF8'), 'access_token', 'opaque', 'app', now(),
              now() - interval '1 hour', '{}'
         from generate_series(1, $1::int)`,
      [DEAD],
    );
    expect((await retention.removeDead()).rows.tokens).toBe(DEAD);
    const { rows } = await db().query<{ bytes: string }>(`select pg_total_relation_size('tokens') as bytes`);
    return Number(rows[0]?.bytes);
  }

  test('uses the space of what went again', async () => {
    const retention = createRetention({ db: db(), keep: 0 });
    const first = await round(retention);
    for (const _ of [2, 3, 4]) await round(retention);
    expect(await round(retention)).toBeLessThan(first * 1.5);
  });
});
