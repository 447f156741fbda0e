/**
 * The database: one pool of connections to Postgres, or to the embedded Postgres (PGlite) in the data directory. Owns
 * connecting, transactions, migrations and the change feed; owns no table. Each capability's SQL is in its `queries.ts`.
 *
 * The embedded engine has exactly one connection. Nobody may hold a connection while asking for a second one: inside
 * `transaction` use only the `Db` that is passed in, and await nothing but its queries.
 */
import type { Config } from '#src/config.ts';
import { openEmbedded } from './embedded.ts';
import { migrate } from './migrate.ts';
import { openPool } from './pool.ts';

export { batched } from './batched.ts';
export { DataDirectoryInUse } from './data-directory.ts';
export { isRetryable, isUniqueViolation, Unavailable } from './errors.ts';

/** The narrow thing SQL is sent to: the pool, or one transaction. */
export interface Db {
  /** @throws {Unavailable} when the database cannot be reached */
  query<Row>(text: string, values?: readonly unknown[]): Promise<{ rows: Row[]; rowCount: number }>;
}

export interface Database extends Db {
  readonly engine: 'embedded' | 'postgres';
  /** Statements it makes sense to have under way at once. */
  readonly concurrency: number;
  /** Commits what `work` did, or rolls back and rethrows. */
  transaction<T>(work: (db: Db) => Promise<T>): Promise<T>;
  /**
   * Calls `changed` after a table it names was changed by any instance, and after every time the feed was interrupted
   * (then everything may have changed). Returns the function that ends it.
   */
  onChange(table: string, changed: () => void): () => void;
  close(): Promise<void>;
}

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
