import type { PgBoss } from 'pg-boss';
import type { Logger } from 'pino';
import type { Database } from '#src/db/index.ts';
import * as queries from './queries.ts';

const SCHEMA = 'pgboss';
const A_DAY_IN_SECONDS = 86_400;

/**
 * A pg-boss on our own connections, with a queue in which a key waits once and is worked on once.
 *
 * Of pg-boss only the queue is used. Its own upkeep is off: it reckons with tables of millions of finished jobs, and here a
 * row is gone when its turn is over. Loaded when the first queue is opened: who needs none pays nothing.
 */
export async function openQueue({
  db,
  log,
  name,
}: {
  db: Database;
  log: Pick<Logger, 'error'>;
  name: string;
}): Promise<PgBoss> {
  const { PgBoss, getConstructionPlans, getMigrationPlans } = await import('pg-boss');
  const boss = new PgBoss({
    db: { executeSql: (text, values) => db.query(text, values) },
    backend: db.engine === 'embedded' ? 'pglite' : 'postgres',
    schema: SCHEMA,
    migrate: false,
    supervise: false,
    schedule: false,
    registerInstance: false,
    openTelemetry: { enabled: false },
    queueCacheIntervalSeconds: A_DAY_IN_SECONDS,
  });
  boss.on('error', (error) => log.error({ err: error, turn: name }, 'the queue reports an error'));

  /** Two instances may do this at once: one fails, and finds what the other made. */
  async function install(): Promise<void> {
    const version = (await boss.isInstalled()) ? await boss.schemaVersion() : undefined;
    await db.query(version ? getMigrationPlans(SCHEMA, version) : getConstructionPlans(SCHEMA));
  }

  try {
    await boss.start().catch(async () => {
      const refused = await install().then(
        () => undefined,
        (error: unknown) => error,
      );
      await boss.start().catch((error: unknown) => {
        throw refused ?? error;
      });
    });
    await boss.createQueue(name, { policy: 'stately', retryLimit: 0 });
    // The embedded engine ends with its program: whatever ran before it was started was run by somebody who is gone.
    if (db.engine === 'embedded') await queries.removeTurnsOfLastRun(db, name);
    return boss;
  } catch (error) {
    await boss.stop({ graceful: false, close: false });
    throw error;
  }
}
