/** The database with no server around it: migrated, or only looked at. */
import { readdir } from 'node:fs/promises';
import pg from 'pg';
import type { Config } from '#src/config.ts';
import { openEmbedded } from './embedded.ts';
import { isUnavailable, Unavailable } from './errors.ts';
import { migrate } from './migrate.ts';

type Configured = Pick<Config, 'database' | 'dataDir'>;

const MIGRATIONS = new URL('../../migrations/', import.meta.url);
const CONNECT_TIMEOUT_MS = 5_000;
/** What Postgres says of a database that was never migrated. */
const UNDEFINED_TABLE = '42P01';

/**
 * @returns the names of the migrations applied now
 * @throws {Unavailable | DataDirectoryInUse}
 */
export function migrateDatabase(config: Configured): Promise<string[]> {
  return withUrl(config, migrate);
}

/**
 * The migrations of this version that the database has not seen. Changes nothing.
 *
 * @throws {Unavailable | DataDirectoryInUse}
 */
export async function missingMigrations(config: Configured): Promise<string[]> {
  const applied = new Set(await withUrl(config, appliedMigrations));
  const known = (await readdir(MIGRATIONS)).filter((name) => name.endsWith('.sql')).sort();
  return known.filter((name) => !applied.has(name));
}

async function withUrl<T>({ database, dataDir }: Configured, work: (url: string) => Promise<T>): Promise<T> {
  if (database.engine === 'postgres') return work(database.url);
  const embedded = await openEmbedded(dataDir);
  return work(embedded.url).finally(embedded.close);
}

async function appliedMigrations(url: string): Promise<string[]> {
  const client = new pg.Client({ connectionString: url, connectionTimeoutMillis: CONNECT_TIMEOUT_MS });
  try {
    await client.connect();
    const { rows } = await client.query<{ name: string }>('select name from migrations order by id');
    return rows.map(({ name }) => name);
  } catch (error) {
    if ((error as { code?: string }).code === UNDEFINED_TABLE) return [];
    throw isUnavailable(error) ? new Unavailable(error) : error;
  } finally {
    await client.end();
  }
}
