/** The database as the command line needs it: migrated or looked at, with no server around it. */
import { readdir } from 'node:fs/promises';
import type { Config } from '#src/config.ts';
import { openEmbedded } from '#src/db/embedded.ts';
import type { Db } from '#src/db/index.ts';
import { migrate } from '#src/db/migrate.ts';
import { openPool } from '#src/db/pool.ts';

type Configured = Pick<Config, 'database' | 'dataDir'>;

const MIGRATIONS = new URL('../../migrations/', import.meta.url);
const UNDEFINED_TABLE = '42P01';

/** @returns the names of the migrations applied now */
export async function migrateDatabase({ database, dataDir }: Configured): Promise<string[]> {
  if (database.engine === 'postgres') return migrate(database.url);
  const embedded = await openEmbedded(dataDir);
  try {
    return await migrate(embedded.url);
  } finally {
    await embedded.close();
  }
}

/** The migrations of this version that the database has not seen. Changes nothing. */
export async function missingMigrations({ database, dataDir }: Configured): Promise<string[]> {
  const applied = new Set(await (database.engine === 'postgres' ? appliedAt(database.url) : appliedIn(dataDir)));
  const known = (await readdir(MIGRATIONS)).filter((name) => name.endsWith('.sql')).sort();
  return known.filter((name) => !applied.has(name));
}

async function appliedAt(url: string): Promise<string[]> {
  const pool = await openPool('postgres', url);
  return applied(pool).finally(() => pool.close());
}

async function appliedIn(dataDir: string): Promise<string[]> {
  const embedded = await openEmbedded(dataDir);
  const pool = await openPool('embedded', embedded.url, embedded.close);
  return applied(pool).finally(() => pool.close());
}

async function applied(db: Db): Promise<string[]> {
  try {
    const { rows } = await db.query<{ name: string }>('select name from migrations order by id');
    return rows.map(({ name }) => name);
  } catch (error) {
    if ((error as { code?: string }).code === UNDEFINED_TABLE) return [];
    throw error;
  }
}
