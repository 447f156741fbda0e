import type { PoolClient } from 'pg';

/**
 * Statements are prepared once per connection: planning one of ours takes Postgres longer than running it. All SQL is
 * written as whole statements with parameters, so there are a few hundred texts however many requests.
 *
 * A look-up by a list is written `= any(array(select unnest($1::bytea[])))`: Postgres takes a plan for good only if it looks
 * no dearer than one for these very values, and with the bare list it sees how short that is. It then planned every look-up
 * anew, which took it seven times as long as the look-up.
 */
const MOST_PREPARED = 1_000;

const names = new Map<string, string>();

/**
 * The name that this text has on every connection; undefined: it is sent unprepared. Without parameters it is one that is
 * hardly repeated (`begin`, a vacuum), or several in one. Beyond so many texts somebody builds them out of values, and each
 * would cost every connection memory for ever.
 */
export function preparedAs(text: string, values: readonly unknown[]): string | undefined {
  if (values.length === 0) return undefined;
  const known = names.get(text);
  if (known !== undefined || names.size === MOST_PREPARED) return known;
  const name = `mintmark ${names.size}`;
  names.set(text, name);
  return name;
}

/** A plan fits the tables as they were: one made while they were empty would read a million rows to find one. */
const PLANS_LAST_MS = 10_000;

const plannedAt = new WeakMap<PoolClient, number>();

/**
 * Has what is prepared on this connection planned again once in a while: Postgres does so when a table was analyzed, which
 * is not at once, and on the embedded engine only when we do it.
 *
 * @throws what the connection does; it is given up then
 */
export async function planAnew(client: PoolClient): Promise<void> {
  const now = performance.now();
  const since = plannedAt.get(client);
  if (since !== undefined && now - since < PLANS_LAST_MS) return;
  plannedAt.set(client, now);
  if (since === undefined) return;
  try {
    await client.query('discard plans');
  } catch (error) {
    client.release(true);
    throw error;
  }
}
