/** The migrations that this version has, and those that a database has seen. */
import { readdir } from 'node:fs/promises';
import { fileURLToPath } from 'node:url';
import pg from 'pg';
import { isUnavailable, Unavailable } from './errors.ts';

export const MIGRATIONS = fileURLToPath(new URL('../../migrations/', import.meta.url));

const CONNECT_TIMEOUT_MS = 5_000;
/** What Postgres says of a database that was never migrated. */
const UNDEFINED_TABLE = '42P01';

/** By name, in order. */
export async function knownMigrations(): Promise<string[]> {
  return (await readdir(MIGRATIONS)).filter((name) => name.endsWith('.sql')).sort();
}

/** By name, in order. Changes nothing. @throws {Unavailable} */
export async function appliedMigrations(url: string): Promise<string[]> {
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
