/**
 * The database: one pool of connections to Postgres, or to the embedded Postgres (PGlite) in the data directory. Owns
 * connecting, transactions, migrations and the change feed; owns no table. Each capability's SQL is in its `queries.ts`.
 *
 * The embedded engine has exactly one connection. Nobody may hold a connection while asking for a second one: inside
 * `transaction` use only the `Db` that is passed in, and await nothing but its queries.
 */
import type { Config } from '#src/config.ts';
import type { Database } from './database.ts';
import { openEmbedded } from './embedded.ts';
import { migrate } from './migrate.ts';
import { openPool } from './pool.ts';

export { batched } from './batched.ts';
export { DataDirectoryInUse } from './data-directory.ts';
export type { Database, Db } from './database.ts';
export { isForeignKeyViolation, isUniqueViolation, Unavailable } from './errors.ts';
export { type Held, held } from './held.ts';
export { heldByKey } from './held-by-key.ts';
export { type Page, type PageRequest, type Position, pageOf, positionOf } from './keyset.ts';
export { MigratedByNewer } from './migrate.ts';
export { migrateDatabase, missingMigrations } from './offline.ts';
export { retrying } from './retrying.ts';

/** Opens the configured database with every migration applied. */
export async function openDatabase(config: Pick<Config, 'database' | 'dataDir'>): Promise<Database> {
  if (config.database.engine === 'postgres') {
    await migrate(config.database.url);
    return openPool('postgres', config.database.url);
  }
  const embedded = await openEmbedded(config.dataDir);
  try {
    await migrate(embedded.url);
    return await openPool('embedded', embedded.url, embedded.close);
  } catch (cause) {
    await embedded.close();
    throw cause;
  }
}
