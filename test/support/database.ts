/** Databases for tests: fresh, migrated, on both engines; searched for secrets before they are dropped. */
import { randomBytes } from 'node:crypto';
import { cpSync, mkdirSync, rmSync } from 'node:fs';
import { join } from 'node:path';
import { afterAll, afterEach, beforeAll, beforeEach } from '@jest/globals';
import pg from 'pg';
import type { Config } from '#src/config.ts';
import { type Database, openDatabase } from '#src/db/index.ts';
import { dumpDatabase } from './dump.ts';
import { currentRun } from './run.ts';
import { secretsIn } from './vault.ts';

export type Engine = Database['engine'];

/** The engines there are on this machine. A file loops over them: `describe.each(ENGINES)('on %s', (engine) => …)`. */
export const ENGINES: readonly Engine[] = currentRun().postgres ? ['embedded', 'postgres'] : ['embedded'];

export interface TestDatabase {
  readonly engine: Engine;
  /** The data directory. On Postgres an empty one, not yet made. */
  readonly dataDir: string;
  /** What DATABASE_URL would be. */
  readonly url: string | undefined;
  /** What `openDatabase` takes. */
  readonly config: Pick<Config, 'database' | 'dataDir'>;
  /** @throws when a secret of this test file lies in it, or somebody is still connected to it */
  drop(): Promise<void>;
}

/** A migrated and otherwise empty database that nobody has opened yet. Whoever asks for it drops it. */
export async function freshDatabase(engine: Engine): Promise<TestDatabase> {
  const { dir, embeddedTemplate, postgres } = currentRun();
  const suffix = randomBytes(6).toString('hex');
  const dataDir = join(dir, `data-${suffix}`);
  // Synchronous: a thousand small files, and one by one over the thread pool they cost three times as much.
  const removeDataDir = () => rmSync(dataDir, { recursive: true, force: true });

  if (engine === 'embedded') {
    const pgdata = join(dataDir, 'pgdata');
    // `cpSync` makes directories that everybody may read, but leaves one that is there as it is.
    mkdirSync(pgdata, { recursive: true, mode: 0o700 });
    cpSync(embeddedTemplate, pgdata, { recursive: true });
    const config = { database: { engine }, dataDir } as const;
    return { engine, dataDir, url: undefined, config, drop: () => searched(config).finally(removeDataDir) };
  }

  const created = await createPostgres(`_${suffix}`, postgres?.template);
  const config = { database: { engine, url: created.url }, dataDir } as const;
  const drop = async () => {
    removeDataDir();
    await searched(config).finally(created.drop);
  };
  return { engine, dataDir, url: created.url, config, drop };
}

/** For a describe block: one open, migrated database before its tests; closed and dropped after them. */
export function withDatabase(engine: Engine): () => Database {
  let fresh: TestDatabase | undefined;
  let open: Database | undefined;
  beforeAll(async () => {
    fresh = await freshDatabase(engine);
    open = await openDatabase(fresh.config);
  });
  afterAll(async () => {
    await open?.close();
    await fresh?.drop();
  });
  return () => {
    if (!open) throw new Error('the database is open in tests and hooks only');
    return open;
  };
}

/** For a describe block about migrations: an empty Postgres database for each of its tests. */
export function withEmptyPostgres(): () => string {
  let empty: Awaited<ReturnType<typeof createPostgres>> | undefined;
  beforeEach(async () => {
    empty = await createPostgres(`_${randomBytes(6).toString('hex')}`, 'template0');
  });
  afterEach(() => empty?.drop());
  return () => empty?.url ?? '';
}

async function createPostgres(suffix: string, template: string | undefined) {
  const { postgres } = currentRun();
  if (!postgres) throw new Error('there is no Postgres on this machine: loop over ENGINES');
  const name = postgres.template + suffix;
  await administer(postgres.url, `create database ${name} template ${template}`);
  const url = new URL(postgres.url);
  url.pathname = `/${name}`;
  // Without "force": Postgres then says that a connection was leaked. The end of the run drops it in any case.
  return { url: url.href, drop: () => administer(postgres.url, `drop database ${name}`) };
}

async function searched(config: TestDatabase['config']): Promise<void> {
  const db = await openDatabase(config);
  const dump = await dumpDatabase(db).finally(() => db.close());
  const found = secretsIn(dump);
  if (found.length > 0) throw new Error(`the database holds secrets it was given: ${found.join(', ')}`);
}

async function administer(url: string, statement: string): Promise<void> {
  const client = new pg.Client({ connectionString: url });
  await client.connect();
  await client.query(statement).finally(() => client.end());
}
