import { describe, expect, test } from '@jest/globals';
import { type Db, openDatabase } from '#src/db/index.ts';
import { ENGINES, freshDatabase } from '../support/database.ts';
import { eventually } from '../support/eventually.ts';
import { startProxy } from '../support/proxy.ts';

const insertApi = (db: Db, identifier: string) =>
  db.query(`insert into apis (identifier, name, access_token_format, signing_alg) values ($1, $1, 'opaque', 'ES256')`, [
    identifier,
  ]);

describe.each(ENGINES)('changes on %s', (engine) => {
  test('are told to those who asked about the table, until they stop asking', async () => {
    const fresh = await freshDatabase(engine);
    const db = await openDatabase(fresh.config);
    // Once listening, everything may have changed before: that is told too, and not what this test is about.
    await db.query('select 1');
    const heard: string[] = [];
    const forget = db.onChange('apis', () => heard.push('apis'));
    db.onChange('users', () => heard.push('users'));

    await insertApi(db, 'first');
    await eventually(() => heard.length > 0);
    forget();
    await insertApi(db, 'second');
    await db.query('select 1');
    expect(heard).toEqual(['apis']);
    await db.close();
    await fresh.drop();
  });
});

test('whoever loses the connection to the embedded engine assumes that everything has changed, before asking again', async () => {
  const fresh = await freshDatabase('embedded');
  const db = await openDatabase(fresh.config);
  await db.query('select 1');
  let heard = 0;
  db.onChange('apis', () => {
    heard += 1;
  });
  // Without parameters it may be several in one: the connection is given up.
  await expect(db.query('select nothing_of_this_name')).rejects.toThrow('nothing_of_this_name');
  await eventually(() => heard === 1);
  await db.query('select 1');
  expect(heard).toBe(2);
  await db.close();
  await fresh.drop();
});

const onPostgres = ENGINES.includes('postgres') ? describe : describe.skip;

onPostgres('two instances on one Postgres', () => {
  test('hear of each other', async () => {
    const fresh = await freshDatabase('postgres');
    const [one, two] = [await openDatabase(fresh.config), await openDatabase(fresh.config)];
    let heard = 0;
    two.onChange('apis', () => {
      heard += 1;
    });
    await insertApi(one, 'from-one');
    await eventually(() => heard > 0);

    await one.transaction(async (tx) => {
      await insertApi(tx, 'not-yet');
      await two.query('select pg_sleep(0.1)');
      expect(heard).toBe(1);
    });
    await eventually(() => heard > 1);
    await Promise.all([one.close(), two.close()]);
    await fresh.drop();
  });
});

onPostgres('a connection that was dropped without a word', () => {
  test('is noticed, and what happened meanwhile is not missed', async () => {
    const fresh = await freshDatabase('postgres');
    const proxy = await startProxy(fresh.url as string);
    const [one, two] = [
      await openDatabase(fresh.config),
      await openDatabase({ ...fresh.config, database: { engine: 'postgres', url: proxy.url } }),
    ];
    let heard = 0;
    two.onChange('apis', () => {
      heard += 1;
    });
    proxy.forget();
    await insertApi(one, 'unheard');
    await eventually(() => heard > 0, 8_000);
    // It listens again, to what is said from now on.
    await eventually(async () => {
      const before = heard;
      await insertApi(one, `again-${before}-${Date.now()}`);
      await one.query('select pg_sleep(0.05)');
      return heard > before;
    }, 8_000);
    await Promise.all([one.close(), two.close()]);
    await proxy.close();
    await fresh.drop();
  });
});
