import pg from 'pg';
import { createChangeFeed } from './change-feed.ts';
import type { Database, Db } from './database.ts';
import { isStale, isUnavailable, spoilsConnection, Unavailable } from './errors.ts';
import { planAnew, preparedAs } from './prepared.ts';

/** Enough to keep two cores of Postgres busy; group commit makes more connections pointless. */
const POOL_SIZE = 10;
/** Of all workers together, until each has the least that one can do with. */
const ALL_POOLS = 20;
const LEAST_POOL = 4;
const CONNECT_TIMEOUT_MS = 2_000;
/** A statement that runs longer is a mistake or a lock: give the request back rather than pile up behind it. */
const STATEMENT_TIMEOUT_MS = 15_000;

const CONCURRENCY = { postgres: 4, embedded: 1 } as const;
/** While one is answered the next is sent. More of them would be smaller ones, and each has a price of its own. */
const BATCHES = { postgres: 2, embedded: 1 } as const;

type Queryable = Pick<pg.PoolClient, 'query'>;

interface PoolOptions {
  /** How many processes share the database's connections. */
  readonly workers: number;
  /** Ends what is behind the connection, after the pool has ended. */
  readonly closeEngine: () => Promise<void>;
}

export async function openPool(
  engine: Database['engine'],
  url: string,
  { workers, closeEngine }: PoolOptions,
): Promise<Database> {
  const feed = await createChangeFeed(engine === 'postgres' ? url : undefined);
  const pool = new pg.Pool({
    connectionString: url,
    application_name: 'mintmark',
    // The embedded engine answers one after the other: a second connection would only wait for the first.
    max: engine === 'embedded' ? 1 : poolSize(workers),
    connectionTimeoutMillis: engine === 'embedded' ? 0 : CONNECT_TIMEOUT_MS,
    idleTimeoutMillis: engine === 'embedded' ? 0 : 30_000,
    ...(engine === 'postgres' ? { statement_timeout: STATEMENT_TIMEOUT_MS } : { onConnect: feed.listenOn }),
  });
  // With the embedded engine's connection goes the feed: nothing that was read before is believed until it is back.
  if (engine === 'embedded') pool.on('remove', feed.interrupted);
  // An idle connection that breaks is replaced by the pool; without a listener Node would end the process.
  pool.on('error', () => {});
  // The same for one that breaks while lent out between two statements: the next statement on it fails, and says so.
  pool.on('connect', (client) => client.on('error', () => {}));

  return {
    engine,
    concurrency: CONCURRENCY[engine],
    batches: BATCHES[engine],
    query: queryAny(pool),
    onChange: feed.onChange,
    transaction: (work) => transaction(pool, work),
    async close() {
      await feed.close();
      await pool.end();
      await closeEngine();
    },
  };
}

function poolSize(workers: number): number {
  return Math.min(POOL_SIZE, Math.max(LEAST_POOL, Math.floor(ALL_POOLS / workers)));
}

/**
 * One statement on any connection. The pool's own `query` gives a connection up for every error, be it a broken rule or a
 * row that is there already, and with it all that is prepared on it.
 */
function queryAny(pool: pg.Pool): Db['query'] {
  return async <Row>(text: string, values?: readonly unknown[]) => {
    const client = await connect(pool);
    try {
      const result = await queryOn(client)<Row>(text, values);
      client.release();
      return result;
    } catch (error) {
      // Without parameters it may have been several in one, of which the first began a transaction.
      client.release(!values?.length || spoilsConnection(error));
      throw error;
    }
  };
}

async function connect(pool: pg.Pool): Promise<pg.PoolClient> {
  try {
    const client = await pool.connect();
    await planAnew(client);
    return client;
  } catch (error) {
    throw isUnavailable(error) ? new Unavailable(error) : error;
  }
}

function queryOn(target: Queryable): Db['query'] {
  return async <Row>(text: string, values: readonly unknown[] = []) => {
    try {
      const { rows, rowCount } = await target.query({
        name: preparedAs(text, values),
        text,
        values: values as unknown[],
      });
      return { rows: rows as Row[], rowCount: rowCount ?? 0 };
    } catch (error) {
      throw isUnavailable(error) ? new Unavailable(error) : error;
    }
  };
}

async function transaction<T>(pool: pg.Pool, work: (db: Db) => Promise<T>): Promise<T> {
  const client = await connect(pool);
  const db: Db = { query: queryOn(client) };
  try {
    await db.query('begin');
    const result = await work(db);
    await db.query('commit');
    client.release();
    return result;
  } catch (error) {
    // A connection that cannot roll back is in an unknown state: destroy it instead of lending it to somebody else.
    await db.query('rollback').then(
      () => client.release(isStale(error)),
      (broken: Error) => client.release(broken),
    );
    throw error;
  }
}
