import { readdir, rm } from 'node:fs/promises';
import { join } from 'node:path';
import pg from 'pg';
import { currentRun, type PostgresRun } from './run.ts';
import { tearDown } from './teardown.ts';

/** @throws when a test file left a server process behind */
export default async function globalTeardown(): Promise<void> {
  const run = currentRun();
  const leaked = await endLeakedServers(join(run.dir, 'servers'));
  if (run.postgres) await dropDatabases(run.postgres);
  await tearDown();
  await rm(run.dir, { recursive: true, force: true });
  if (leaked.length > 0) throw new Error(`server processes outlived their test file: ${leaked.join(', ')}`);
}

/** Each started server is a file named by its pid, removed when it ends (server.ts). */
async function endLeakedServers(dir: string): Promise<number[]> {
  const pids = (await readdir(dir).catch(() => [])).map(Number);
  return pids.filter((pid) => {
    try {
      return process.kill(pid, 'SIGKILL');
    } catch {
      return false;
    }
  });
}

async function dropDatabases({ url, template }: PostgresRun): Promise<void> {
  const client = new pg.Client({ connectionString: url });
  await client.connect();
  const { rows } = await client.query<{ datname: string }>(
    'select datname from pg_database where starts_with(datname, $1)',
    [template],
  );
  for (const { datname } of rows) await client.query(`drop database ${datname} with (force)`);
  await client.end();
}
