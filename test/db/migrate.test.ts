import { readdir } from 'node:fs/promises';
import { join } from 'node:path';
import { describe, expect, test } from '@jest/globals';
import pg from 'pg';
import { openDatabase } from '#src/db/index.ts';
import { migrate } from '#src/db/migrate.ts';
import { ENGINES, freshDatabase, withEmptyPostgres } from '../support/database.ts';
import { runProgram } from '../support/program.ts';

const MIGRATIONS = join(import.meta.dirname, '../../migrations');

async function known(): Promise<string[]> {
  return (await readdir(MIGRATIONS)).filter((name) => name.endsWith('.sql')).sort();
}

describe.each(ENGINES)('on %s', (engine) => {
  test('opening a migrated database applies nothing again', async () => {
    const fresh = await freshDatabase(engine);
    for (const _ of [1, 2]) {
      const db = await openDatabase(fresh.config);
      const { rows } = await db.query<{ name: string }>('select name from migrations order by name');
      expect(rows.map(({ name }) => name)).toEqual(await known());
      await db.close();
    }
    await fresh.drop();
  });
});

const onPostgres = ENGINES.includes('postgres') ? describe : describe.skip;

onPostgres('on an empty Postgres', () => {
  const empty = withEmptyPostgres();

  test('every migration is applied once, in order', async () => {
    expect(await migrate(empty())).toEqual(await known());
    expect(await migrate(empty())).toEqual([]);
  });

  test('processes that start together both succeed, and one of them migrates', async () => {
    const script = join(import.meta.dirname, 'migrate-once.ts');
    const both = await Promise.all([1, 2].map(() => runProgram([script, empty()])));
    expect(both.map(({ code }) => code)).toEqual([0, 0]);
    const count = (await known()).length;
    expect(both.map(({ output }) => output.trim()).sort()).toEqual(['applied 0', `applied ${count}`].sort());
  });

  test('who comes second waits for the advisory lock, not for a row that a killed process would leave', async () => {
    const client = new pg.Client({ connectionString: empty() });
    await client.connect();
    await client.query('select pg_advisory_lock(7216904021)');
    const second = migrate(empty());
    const waiting = () =>
      client.query(`select from pg_locks where locktype = 'advisory' and not granted
                      and database = (select oid from pg_database where datname = current_database())`);
    while ((await waiting()).rowCount === 0) await new Promise((resolve) => setTimeout(resolve, 20));
    // As if the first had been killed while it held knex's own lock.
    await client.query('create table migrations_lock (index serial primary key, is_locked integer)');
    await client.query('insert into migrations_lock (is_locked) values (1)');
    await client.end();
    expect(await second).toEqual(await known());
  });
});
