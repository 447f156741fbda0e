import { appliedMigrations, knownMigrations } from './migrations.ts';

/** The database is ahead of this program: running on it could damage what the newer one relies on. */
export class MigratedByNewer extends Error {
  constructor(migration: string) {
    super(`a newer version of mintmark migrated this database (${migration}): start that version or a later one`);
  }
}

/**
 * Applies every migration not yet applied, forward only, each in its own transaction. Most starts find nothing to do: what
 * applies them is loaded by those that do.
 *
 * @returns the names of those applied now
 * @throws {Unavailable} @throws {MigratedByNewer}
 */
export async function migrate(url: string): Promise<string[]> {
  const [applied, known] = await Promise.all([appliedMigrations(url), knownMigrations()]);
  checkNotNewer(applied, known);
  if (known.every((name) => applied.includes(name))) return [];
  const { applyMigrations } = await import('./apply-migrations.ts');
  return applyMigrations(url, (done) => checkNotNewer(done, known));
}

/** @throws {MigratedByNewer} */
function checkNotNewer(applied: readonly string[], known: readonly string[]): void {
  const unknown = applied.find((name) => !known.includes(name));
  if (unknown !== undefined) throw new MigratedByNewer(unknown);
}
