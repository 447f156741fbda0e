import type { Db } from '#src/db/index.ts';
import { Conflict, NotFound } from '#src/oauth/problems.ts';
import * as queries from './administrator-queries.ts';
import { lockClient } from './secret-queries.ts';

/**
 * Makes a change that may take an administrator away, within a transaction that it rolls back when nobody is left who can
 * administer. Only clients administer, in their own name, so without one there is no way back in but a new start.
 *
 * The client's row is held first: what it is stays so until the end. Then, if it is an administrator, those who change
 * another one are waited for: two who disable each other at once would each see the other one living.
 *
 * @throws {NotFound} @throws {Conflict} when this is the last one
 */
export async function keepingAnAdministrator<T>(tx: Db, clientId: string, change: () => Promise<T>): Promise<T> {
  if (!(await lockClient(tx, clientId))) throw new NotFound('client');
  const isOne = await queries.isAdministrator(tx, clientId);
  if (isOne) await queries.lockAdministrators(tx);
  const result = await change();
  if (isOne && !(await queries.hasAdministrator(tx))) {
    throw new Conflict(
      'nobody else could administer this server: first give another client, that is not disabled, the scope admin, the grant type client_credentials and a secret without an end (or keys)',
    );
  }
  return result;
}
