import { describe, expect, test } from '@jest/globals';
import { openDatabase } from '#src/db/index.ts';
import { adminApi } from '../support/clients.ts';
import { ENGINES, freshDatabase } from '../support/database.ts';
import { startServer } from '../support/server.ts';

describe.each(ENGINES)('A statement that the database refuses, on %s', (engine) => {
  test('leaves all others as they were', async () => {
    const server = await startServer({ engine });
    const admin = await adminApi(server);
    const api = { identifier: 'https://twice.example', name: 'Twice' };
    const statuses: number[] = [];
    for (const body of [api, api, api]) statuses.push((await admin.post('/apis', body)).status);
    statuses.push((await admin.get('/clients')).status, (await admin.get('/apis')).status);
    await adminApi(server);
    expect(statuses).toEqual([201, 409, 409, 200, 200]);
    expect((await fetch(`${server.url}/readyz`)).status).toBe(200);
  });

  test('leaves the connection, and what is prepared on it', async () => {
    const fresh = await freshDatabase(engine);
    const db = await openDatabase(fresh.config);
    const backend = async () =>
      (await db.query<{ pid: number }>('select pg_backend_pid() as pid, $1::int as n', [1])).rows;
    const before = await backend();
    await expect(db.query('select 1 / $1::int', [0])).rejects.toMatchObject({ code: '22012' });
    await expect(db.transaction((tx) => tx.query('select 1 / $1::int', [0]))).rejects.toMatchObject({ code: '22012' });
    expect(await backend()).toEqual(before);
    await db.close();
    await fresh.drop();
  });
});

const onPostgres = ENGINES.includes('postgres') ? describe : describe.skip;

onPostgres('A plan that a migration made useless', () => {
  test('costs one statement, and not the connection for ever', async () => {
    const fresh = await freshDatabase('postgres');
    const db = await openDatabase(fresh.config);
    await db.query('create table changing (n int)');
    const read = () => db.query('select * from changing where $1::int is null', [null]);
    await read();
    await db.query('alter table changing alter n type bigint');
    await expect(read()).rejects.toMatchObject({ code: '0A000' });
    await expect(read()).resolves.toMatchObject({ rows: [] });
    await db.close();
    await fresh.drop();
  });
});
