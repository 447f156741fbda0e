import { readdir, readFile } from 'node:fs/promises';
import { fileURLToPath } from 'node:url';
import knex, { type Knex } from 'knex';
import { isUnavailable, Unavailable } from './errors.ts';

const DIRECTORY = fileURLToPath(new URL('../../migrations/', import.meta.url));
/** Any number, the same in every instance: those that start together queue here, and all but the first find nothing to do. */
const ADVISORY_LOCK = 7_216_904_021;

/** The database is ahead of this program: running on it could damage what the newer one relies on. */
export class MigratedByNewer extends Error {
  constructor(migration: string) {
    super(`a newer version of mintmark migrated this database (${migration}): start that version or a later one`);
  }
}

/**
 * Applies every migration not yet applied, forward only, each in its own transaction.
 *
 * @returns the names of those applied now
 * @throws {Unavailable} @throws {MigratedByNewer}
 */
export async function migrate(url: string): Promise<string[]> {
  const db = knex({
    client: 'pg',
    connection: url,
    // One connection: the session that holds the advisory lock is the one that migrates.
    pool: { min: 1, max: 1 },
    acquireConnectionTimeout: 10_000,
    log: { warn: () => {}, error: () => {} },
  });
  try {
    await db.raw('select pg_advisory_lock(?)', [ADVISORY_LOCK]);
    const settings = { migrationSource: sqlFiles, tableName: 'migrations' };
    // knex's own lock is a row: left by a process killed while migrating, it would stop every later start. Whoever holds
    // the advisory lock, which dies with its session, may clear it.
    await db.migrate.forceFreeMigrationsLock(settings);
    const [done] = (await db.migrate.list({ ...settings, disableMigrationsListValidation: true })) as [
      { name: string }[],
      unknown,
    ];
    const known = await sqlFiles.getMigrations([]);
    const unknown = done.map(({ name }) => name).find((name) => !known.includes(name));
    if (unknown !== undefined) throw new MigratedByNewer(unknown);
    const [, applied] = (await db.migrate.latest(settings)) as [number, string[]];
    return applied;
  } catch (error) {
    throw isUnavailable(error) ? new Unavailable(error) : error;
  } finally {
    await db.destroy();
  }
}

const sqlFiles: Knex.MigrationSource<string> = {
  getMigrations: async () => (await readdir(DIRECTORY)).filter((name) => name.endsWith('.sql')).sort(),
  getMigrationName: (name) => name,
  getMigration: async (name) => {
    const sql = await readFile(DIRECTORY + name, 'utf8');
    return {
      up: (tx: Knex) => tx.raw(sql),
      down: () => {
        throw new Error('migrations only go forward');
      },
    };
  },
};
