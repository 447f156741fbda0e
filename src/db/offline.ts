/** The database with no server around it: migrated, or only looked at. */
import type { Config } from '#src/config.ts';
import { openEmbedded } from './embedded.ts';
import { migrate } from './migrate.ts';
import { appliedMigrations, knownMigrations } from './migrations.ts';

type Configured = Pick<Config, 'database' | 'dataDir'>;

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
  return (await knownMigrations()).filter((name) => !applied.has(name));
}

async function withUrl<T>({ database, dataDir }: Configured, work: (url: string) => Promise<T>): Promise<T> {
  if (database.engine === 'postgres') return work(database.url);
  const embedded = await openEmbedded(dataDir);
  return work(embedded.url).finally(embedded.close);
}
