import { readFile } from 'node:fs/promises';
import knex, { type Knex } from 'knex';
import { isUnavailable, Unavailable } from './errors.ts';
import { knownMigrations, MIGRATIONS } from './migrations.ts';

/** Any number, the same in every instance: those that start together queue here, and all but the first find nothing to do. */
const ADVISORY_LOCK = 7_216_904_021;

/**
 * @param check throws when these, which are applied by now, stand in the way of applying more
 * @returns the names of those applied now
 * @throws {Unavailable}
 */
export async function applyMigrations(url: string, check: (done: readonly string[]) => void): Promise<string[]> {
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
    check(done.map(({ name }) => name));
    const [, applied] = (await db.migrate.latest(settings)) as [number, string[]];
    return applied;
  } catch (error) {
    throw isUnavailable(error) ? new Unavailable(error) : error;
  } finally {
    await db.destroy();
  }
}

const sqlFiles: Knex.MigrationSource<string> = {
  getMigrations: knownMigrations,
  getMigrationName: (name) => name,
  getMigration: async (name) => {
    const sql = await readFile(MIGRATIONS + name, 'utf8');
    return {
      up: (tx: Knex) => tx.raw(sql),
      down: () => {
        throw new Error('migrations only go forward');
      },
    };
  },
};
