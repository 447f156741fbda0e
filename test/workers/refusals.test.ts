/** Workers that cannot start say why as one server would: in one line, once. */
import { createServer } from 'node:net';
import { describe, expect, test } from '@jest/globals';
import { ENGINES, freshDatabase } from '../support/database.ts';
import { runMain } from '../support/program.ts';
import { startServer } from '../support/server.ts';
import { TWO_WORKERS } from './support.ts';

const KEY = Buffer.alloc(32, 7).toString('base64url');
const OTHER_KEY = Buffer.alloc(32, 8).toString('base64url');

describe('Workers that cannot start', () => {
  test('name the address that somebody else listens on', async () => {
    const squatter = createServer();
    await new Promise<void>((done) => squatter.listen(0, '127.0.0.1', done));
    const { port } = squatter.address() as { port: number };
    const { dataDir, drop } = await freshDatabase('embedded');
    const { code, output } = await runMain({ ...TWO_WORKERS, PORT: String(port), MINTMARK_DATA_DIR: dataDir });
    expect(output).toMatch(/^mintmark: HOST and PORT name an address that is in use \(.*\)\n$/);
    expect(code).toBe(1);
    squatter.close();
    await drop();
  });

  test('name a data directory that another server holds', async () => {
    const server = await startServer({ engine: 'embedded' });
    const { code, output } = await runMain({ ...TWO_WORKERS, PORT: '1', MINTMARK_DATA_DIR: server.dataDir });
    expect({ code, output }).toEqual({
      code: 1,
      output: `mintmark: the data directory ${server.dataDir} is in use by another mintmark process\n`,
    });
    await server.stop();
  });

  test('name a wrong setting', async () => {
    expect(await runMain({ MINTMARK_WORKERS: '65' })).toMatchObject({
      code: 2,
      output: 'mintmark: MINTMARK_WORKERS is "65"; it must be a number of processes, 1 to 64\n',
    });
  });
});

(ENGINES.includes('postgres') ? describe : describe.skip)('Workers that their Postgres does not fit', () => {
  const start = (url: string, key = KEY) =>
    runMain({ ...TWO_WORKERS, PORT: '1', DATABASE_URL: url, MINTMARK_SECRET_KEYS: key });

  test('say that nobody answers at DATABASE_URL', async () => {
    expect(await start('postgres://somebody:secret@127.0.0.1:1/mintmark')).toMatchObject({
      code: 1,
      output: 'mintmark: DATABASE_URL names a database that cannot be reached\n',
    });
  });

  test('name MINTMARK_SECRET_KEYS when they are not those the data was sealed under', async () => {
    const server = await startServer({ engine: 'postgres' });
    const { code, output } = await start(server.databaseUrl as string, OTHER_KEY);
    expect(code).toBe(2);
    expect(output).toMatch(/^mintmark: MINTMARK_SECRET_KEYS lacks the key that this data was sealed under: .*\n$/);
    await server.stop();
  });
});
