import type { Database, Db } from '#src/db/index.ts';
import { Conflict } from '#src/oauth/problems.ts';
import { type Enrolled, enrolledOf } from './enrolled.ts';
import { lockAccount } from './queries.ts';

/** Why what its owner has must not lose one of them; a sentence for them to read. */
export type Unless = (owner: { readonly hasPassword: boolean }, enrolled: Enrolled) => string | undefined;

/**
 * Takes one away, unless the answer to what the account has at that moment is no. Whoever takes away another one waits:
 * of the last two ways in, only one goes.
 *
 * @returns whether there was one
 * @throws {Conflict} with what `unless` says
 */
export function removal(
  db: Database,
  accountId: string,
  remove: (tx: Db) => Promise<boolean>,
  unless?: Unless,
): Promise<boolean> {
  return db.transaction(async (tx) => {
    const owner = await lockAccount(tx, accountId);
    if (!owner) return false;
    const enrolled = await enrolledOf(tx, accountId);
    if (!(await remove(tx))) return false;
    const why = unless?.({ hasPassword: owner.has_password }, enrolled);
    // Nothing of it is committed.
    if (why !== undefined) throw new Conflict(why);
    return true;
  });
}
