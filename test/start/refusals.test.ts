/** A server that cannot start says why in one line, and leaves (contract.md, "Settings"). */
import { createServer } from 'node:net';
import { describe, expect, test } from '@jest/globals';
import { openDatabase } from '#src/db/index.ts';
import { ENGINES, freshDatabase } from '../support/database.ts';
import { runMain } from '../support/program.ts';
import { startServer } from '../support/server.ts';

const KEY = Buffer.alloc(32, 7).toString('base64url');
const OTHER_KEY = Buffer.alloc(32, 8).toString('base64url');

describe('A server that cannot start', () => {
  test('names a wrong setting, what it held and what it may hold, and ends with 2', async () => {
    expect(await runMain({ PORT: '99999' })).toMatchObject({
      code: 2,
      output: 'mintmark: PORT is "99999"; it must be a port number, 1 to 65535\n',
    });
  });

  test('names the address that somebody else listens on', async () => {
    const squatter = createServer();
    await new Promise<void>((done) => squatter.listen(0, '127.0.0.1', done));
    const { port } = squatter.address() as { port: number };
    const { dataDir, drop } = await freshDatabase('embedded');
    const { code, output } = await runMain({ PORT: String(port), MINTMARK_DATA_DIR: dataDir });
    expect(code).toBe(1);
    expect(output).toMatch(/^mintmark: HOST and PORT name an address that is in use \(.*\)\n$/);
    squatter.close();
    await drop();
  });

  test('refuses a data directory that another server holds', async () => {
    const server = await startServer({ engine: 'embedded' });
    const { code, output } = await runMain({ PORT: '1', MINTMARK_DATA_DIR: server.dataDir });
    expect({ code, output }).toEqual({
      code: 1,
      output: `mintmark: the data directory ${server.dataDir} is in use by another mintmark process\n`,
    });
    expect((await fetch(`${server.url}/readyz`)).status).toBe(200);
  });
});

(ENGINES.includes('postgres') ? describe : describe.skip)('A server that its Postgres does not fit', () => {
  const start = (url: string, key = KEY) => runMain({ PORT: '1', DATABASE_URL: url, MINTMARK_SECRET_KEYS: key });

  test('says that nobody answers at DATABASE_URL', async () => {
    const { code, output } = await start('postgres://somebody:secret@127.0.0.1:1/mintmark');
    expect({ code, output }).toEqual({
      code: 1,
      output: 'mintmark: DATABASE_URL names a database that cannot be reached\n',
    });
  });

  test('names DATABASE_URL when the database does not exist', async () => {
    const { url, drop } = await freshDatabase('postgres');
    const wrong = new URL(url as string);
    wrong.pathname = '/nowhere';
    const { code, output } = await start(wrong.href);
    expect(code).toBe(2);
    expect(output).toBe('mintmark: DATABASE_URL names a database that refuses us: database "nowhere" does not exist\n');
    await drop();
  });

  test('names MINTMARK_SECRET_KEYS when they are not those the data was sealed under', async () => {
    const server = await startServer({ engine: 'postgres' });
    const { code, output } = await start(server.databaseUrl as string, OTHER_KEY);
    expect(code).toBe(2);
    expect(output).toMatch(/^mintmark: MINTMARK_SECRET_KEYS lacks the key that this data was sealed under: .*\n$/);
  });

  test('refuses a database that a newer version migrated', async () => {
    const fresh = await freshDatabase('postgres');
    const db = await openDatabase(fresh.config);
    await db.query(`insert into migrations (name, batch, migration_time) values ('9999-future.sql', 9, now())`);
    await db.close();
    const { code, output } = await start(fresh.url as string);
    expect(code).toBe(1);
    expect(output).toContain('a newer version of mintmark migrated this database (9999-future.sql)');
    expect(output.split('\n')).toHaveLength(2);
    await expect(openDatabase(fresh.config)).rejects.toThrow('newer version');
  });
});
