import { setTimeout as sleep } from 'node:timers/promises';
import { afterAll, beforeAll, describe, expect, test } from '@jest/globals';
import { type Database, openDatabase, Unavailable } from '#src/db/index.ts';
import { ENGINES, freshDatabase, type TestDatabase } from '../support/database.ts';
import { eventually } from '../support/eventually.ts';
import { type DatabaseProxy, startProxy } from '../support/proxy.ts';

const onPostgres = ENGINES.includes('postgres') ? describe : describe.skip;

onPostgres('when Postgres cannot be reached', () => {
  let fresh: TestDatabase;
  let proxy: DatabaseProxy;
  let db: Database;

  beforeAll(async () => {
    fresh = await freshDatabase('postgres');
    proxy = await startProxy(fresh.url ?? '');
    db = await openDatabase({ ...fresh.config, database: { engine: 'postgres', url: proxy.url } });
  });
  afterAll(async () => {
    await proxy.restore();
    await db.close();
    await proxy.close();
    await fresh.drop();
  });

  test('queries and transactions say Unavailable, and work again when it is back', async () => {
    await proxy.cut();
    await expect(db.query('select 1')).rejects.toThrow(Unavailable);
    await expect(db.transaction((tx) => tx.query('select 1'))).rejects.toThrow(Unavailable);
    await proxy.restore();
    expect((await db.query('select 1 as one')).rows).toEqual([{ one: 1 }]);
  });

  test('a query under way says Unavailable', async () => {
    const [slow] = await Promise.allSettled([db.query('select pg_sleep(5)'), sleep(200).then(() => proxy.cut())]);
    expect(slow).toMatchObject({ status: 'rejected', reason: expect.any(Unavailable) });
    await proxy.restore();
  });

  test('a transaction that loses its connection is not half done', async () => {
    const cutInTheMiddle = db.transaction(async (tx) => {
      await tx.query(`insert into replays (id, expires_at) values ('half', now())`);
      await proxy.cut();
      await tx.query('select 1');
    });
    await expect(cutInTheMiddle).rejects.toThrow(Unavailable);
    await proxy.restore();
    expect((await db.query(`select from replays where id = 'half'`)).rowCount).toBe(0);
  });

  test('those who wait for changes hear of an outage as a change, and of changes after it', async () => {
    let heard = 0;
    const forget = db.onChange('signing_keys', () => {
      heard += 1;
    });
    await proxy.cut();
    await eventually(() => heard > 0);
    await proxy.restore();
    // Each reconnection is told as a change too: when those have stopped, the next one is the row's.
    await sleep(1_500);
    const before = heard;
    await db.query(`insert into signing_keys (kid, alg, public_jwk, private_jwk) values ('after', 'ES256', '{}', '')`);
    await eventually(() => heard > before);
    forget();
  });

  test('opening fails with Unavailable instead of waiting for ever', async () => {
    await proxy.cut();
    const opening = openDatabase({ ...fresh.config, database: { engine: 'postgres', url: proxy.url } });
    await expect(opening).rejects.toThrow(Unavailable);
    await proxy.restore();
  });
});
