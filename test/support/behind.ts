/** Behind a server's back: time does not pass faster for a test, so what its database dates is made older. */
import pg from 'pg';
import type { Server } from './server.ts';

/** Runs a statement in the database of a server on Postgres; the embedded one is nobody else's. */
export async function behind(
  { databaseUrl }: Pick<Server, 'databaseUrl'>,
  statement: string,
  values: unknown[] = [],
): Promise<void> {
  const db = new pg.Client({ connectionString: databaseUrl });
  await db.connect();
  try {
    await db.query(statement, values);
  } finally {
    await db.end();
  }
}
