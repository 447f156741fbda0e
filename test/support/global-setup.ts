/** Once per run: a Postgres with a migrated template database, and a migrated embedded data directory to copy. */
import { randomBytes } from 'node:crypto';
import { cpSync, existsSync } from 'node:fs';
import { mkdtemp } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import pg from 'pg';
import { openDatabase } from '#src/db/index.ts';
import { migrate } from '#src/db/migrate.ts';
import { freePort } from './free-port.ts';
import { findPostgres, startPostgres } from './postgres-cluster.ts';
import { COMPILED, ended, printed, SERVE, spawnProgram } from './program.ts';
import { announceRun, type PostgresRun } from './run.ts';
import { onTeardown } from './teardown.ts';

export default async function globalSetup(): Promise<void> {
  const dir = await mkdtemp(join(tmpdir(), 'mintmark-test-'));
  const [postgres, embeddedTemplate] = await Promise.all([preparePostgres(), prepareEmbedded(dir)]);
  announceRun({ dir, embeddedTemplate, postgres });
  if (!existsSync(COMPILED)) await compile(dir, embeddedTemplate);
}

/** In a fresh clone. A process leaves what it compiled when it ends by itself: those that tests kill would each begin anew. */
async function compile(dir: string, embeddedTemplate: string): Promise<void> {
  const dataDir = join(dir, 'data-first');
  cpSync(embeddedTemplate, join(dataDir, 'pgdata'), { recursive: true });
  const program = spawnProgram(SERVE, { MINTMARK_DATA_DIR: dataDir, PORT: String(await freePort()) });
  await printed(program, '"msg":"ready"');
  await ended(program, 'SIGTERM');
}

async function prepareEmbedded(dir: string): Promise<string> {
  const dataDir = join(dir, 'embedded-template');
  const db = await openDatabase({ database: { engine: 'embedded' }, dataDir });
  await db.close();
  return join(dataDir, 'pgdata');
}

async function preparePostgres(): Promise<PostgresRun | undefined> {
  const url = await postgresUrl();
  if (!url) return undefined;
  const template = `mintmark_test_${randomBytes(4).toString('hex')}`;
  const client = new pg.Client({ connectionString: url });
  await client.connect();
  await client.query(`create database ${template}`);
  await client.end();
  const templateUrl = new URL(url);
  templateUrl.pathname = `/${template}`;
  await migrate(templateUrl.href);
  return { url, template };
}

async function postgresUrl(): Promise<string | undefined> {
  const given = process.env.TEST_DATABASE_URL;
  if (given) return given;
  const bin = findPostgres();
  if (bin) {
    const cluster = await startPostgres(bin);
    onTeardown(cluster.stop);
    return cluster.url;
  }
  const missing = 'no TEST_DATABASE_URL, and no initdb on this machine';
  if (process.env.CI) throw new Error(`CI tests both database engines, but there is ${missing}`);
  process.stderr.write(`\n*** POSTGRES TESTS ARE SKIPPED: ${missing} ***\n\n`);
  return undefined;
}
