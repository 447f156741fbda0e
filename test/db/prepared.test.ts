import { afterEach, describe, expect, jest, test } from '@jest/globals';
import { createDigests } from '#src/crypto/index.ts';
import { type Database, openDatabase } from '#src/db/index.ts';
import { createTokenList, createTokens } from '#src/tokens/index.ts';
import { ENGINES, freshDatabase, type TestDatabase } from '../support/database.ts';

interface Prepared {
  name: string;
  generic_plans: string;
  custom_plans: string;
}

const prepared = async (db: Database, words: string) => {
  const { rows } = await db.query<Prepared>(
    `select name, generic_plans, custom_plans from pg_prepared_statements where statement like $1`,
    [`%${words}%`],
  );
  return rows.filter(({ name }) => name !== '');
};

describe.each(ENGINES)('A prepared statement on %s', (engine) => {
  let fresh: TestDatabase;
  let db: Database;

  const open = async () => {
    fresh = await freshDatabase(engine);
    db = await openDatabase(fresh.config);
  };

  afterEach(async () => {
    jest.restoreAllMocks();
    await db.close();
    await fresh.drop();
  });

  test('that looks up a list is not planned for each list anew', async () => {
    await open();
    const tokens = await createTokens({ db, digests: createDigests([Buffer.alloc(32)]) });
    const list = createTokenList({ db });
    for (let i = 0; i < 12; i += 1) {
      await tokens.find(`unknown ${i}`);
      await tokens.findGrant(`unknown ${i}`);
      await list.find(String(i).padStart(64, '0'));
    }
    for (const relation of ['from token_states s', 'from grants', 'from token_states t']) {
      const [statement] = await prepared(db, relation);
      expect(Number(statement?.custom_plans)).toBeLessThanOrEqual(5);
      expect(Number(statement?.generic_plans)).toBeGreaterThanOrEqual(7);
    }
    await tokens.close();
  });

  test('is planned again once in a while, for the table it finds then', async () => {
    await open();
    await db.query('create table growing as select 1 as id; create index on growing (id); analyze growing');
    const read = () => db.query('select id from growing where id = $1', [1]);
    for (let i = 0; i < 8; i += 1) await read();
    await db.query('insert into growing select n from generate_series(2, 50000) n');
    const [{ name } = { name: '' }] = await prepared(db, 'from growing');
    const plan = async () => JSON.stringify((await db.query(`explain execute "${name}" (1)`)).rows);

    await read();
    expect(await plan()).toContain('Seq Scan');
    const later = performance.now() + 10_001;
    jest.spyOn(performance, 'now').mockReturnValue(later);
    await read();
    expect(await plan()).toContain('Index');
  });
});
