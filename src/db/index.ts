/**
 * The database: one pool of connections to Postgres, or to the embedded Postgres (PGlite) in the data directory. Owns
 * connecting, transactions, migrations and the change feed; owns no table. Each capability's SQL is in its `queries.ts`.
 *
 * On the embedded engine a process has exactly one connection, and whoever is in a transaction has the engine to himself.
 * Nobody may hold a connection while asking for a second one: inside `transaction` use only the `Db` that is passed in,
 * and await nothing but its queries.
 */
import type { Config } from '#src/config.ts';
import type { Database } from './database.ts';
import { embeddedUrl, openEmbedded } from './embedded.ts';
import { migrate } from './migrate.ts';
import { openPool } from './pool.ts';

export { batched } from './batched.ts';
export { boundArray, column } from './bound-array.ts';
export { DataDirectoryInUse } from './data-directory.ts';
export type { Database, Db } from './database.ts';
export { isForeignKeyViolation, isUniqueViolation, Unavailable } from './errors.ts';
export { type Held, held } from './held.ts';
export { heldByKey } from './held-by-key.ts';
export { type Page, type PageRequest, type Position, pageOf, positionOf } from './keyset.ts';
export { MigratedByNewer } from './migrate.ts';
export { migrateDatabase, missingMigrations } from './offline.ts';
export { retrying } from './retrying.ts';

type Configured = Pick<Config, 'database' | 'dataDir'> & Partial<Pick<Config, 'workers'>>;

/**
 * What this process is in the program: all of it; or one worker of several, which find the embedded engine opened by the
 * primary, and but for the first of them everything else that is done once at a start.
 */
export type Role = 'alone' | 'first worker' | 'worker';

/** Opens the configured database with every migration applied. */
export async function openDatabase(config: Configured, role: Role = 'alone'): Promise<Database> {
  const { engine } = config.database;
  const { url, close } = await reach(config, role);
  try {
    if (role !== 'worker') await migrate(url);
    return await openPool(engine, url, { workers: config.workers ?? 1, closeEngine: close });
  } catch (cause) {
    await close();
    throw cause;
  }
}

interface Reached {
  readonly url: string;
  /** Ends the engine, where this process is the one that runs it. */
  readonly close: () => Promise<void>;
}

const NOTHING_TO_CLOSE = async () => {};

async function reach({ database, dataDir }: Configured, role: Role): Promise<Reached> {
  if (database.engine === 'postgres') return { url: database.url, close: NOTHING_TO_CLOSE };
  return role === 'alone' ? openEmbedded(dataDir) : { url: embeddedUrl(dataDir), close: NOTHING_TO_CLOSE };
}

/**
 * The engine alone, for workers to connect to. Nothing to open where it is Postgres.
 *
 * @throws {DataDirectoryInUse}
 */
export async function openEngine({ database, dataDir }: Configured): Promise<{ close: () => Promise<void> }> {
  return database.engine === 'embedded' ? openEmbedded(dataDir) : { close: NOTHING_TO_CLOSE };
}
