import { describe, expect, test } from '@jest/globals';
import { type Db, openDatabase } from '#src/db/index.ts';
import { ENGINES, freshDatabase } from '../support/database.ts';
import { eventually } from '../support/eventually.ts';

const insertKey = (db: Db, kid: string) =>
  db.query(`insert into signing_keys (kid, alg, public_jwk, private_jwk) values ($1, 'ES256', '{}', '')`, [kid]);

describe.each(ENGINES)('changes on %s', (engine) => {
  test('are told to those who asked about the table, until they stop asking', async () => {
    const fresh = await freshDatabase(engine);
    const db = await openDatabase(fresh.config);
    // Once listening, everything may have changed before: that is told too, and not what this test is about.
    await db.query('select 1');
    const heard: string[] = [];
    const forget = db.onChange('signing_keys', () => heard.push('signing_keys'));
    db.onChange('users', () => heard.push('users'));

    await insertKey(db, 'first');
    await eventually(() => heard.length > 0);
    forget();
    await insertKey(db, 'second');
    await db.query('select 1');
    expect(heard).toEqual(['signing_keys']);
    await db.close();
    await fresh.drop();
  });
});

const onPostgres = ENGINES.includes('postgres') ? describe : describe.skip;

onPostgres('two instances on one Postgres', () => {
  test('hear of each other', async () => {
    const fresh = await freshDatabase('postgres');
    const [one, two] = [await openDatabase(fresh.config), await openDatabase(fresh.config)];
    let heard = 0;
    two.onChange('signing_keys', () => {
      heard += 1;
    });
    await insertKey(one, 'from-one');
    await eventually(() => heard > 0, 500);

    await one.transaction(async (tx) => {
      await insertKey(tx, 'not-yet');
      await two.query('select pg_sleep(0.1)');
      expect(heard).toBe(1);
    });
    await eventually(() => heard > 1, 500);
    await Promise.all([one.close(), two.close()]);
    await fresh.drop();
  });
});
