import type { Seals } from '#src/crypto/index.ts';
import type { Database } from '#src/db/index.ts';
import { NotFound } from '#src/oauth/problems.ts';
import { newKey } from './generate.ts';
import type { SigningAlg } from './key.ts';
import * as queries from './queries.ts';
import { PUBLICATION_S } from './schedule.ts';

/** Of two at once, one publishes a key and the other finds it. */
export async function rotateKey(db: Database, seals: Seals, alg: SigningAlg, immediately: boolean): Promise<void> {
  const newest = (await queries.listKeys(db)).find((key) => key.alg === alg && key.signs_until === null);
  if (newest?.state === 'current') {
    const key = await newKey(alg, seals);
    const wait = immediately ? 0 : PUBLICATION_S;
    if (await queries.changing(db, (tx) => queries.follow(tx, newest.kid, key, wait))) return;
  }
  if (immediately) await queries.changing(db, (tx) => queries.promote(tx, alg));
}

/**
 * Removes a key and, in the same transaction, sees to it that another one signs.
 *
 * @returns its algorithm
 * @throws {NotFound}
 */
export async function revokeKey(db: Database, seals: Seals, kid: string): Promise<SigningAlg> {
  const wanted = (await queries.listKeys(db)).find((key) => key.kid === kid);
  if (!wanted) throw new NotFound('signing key');
  // Made before the lock is taken, whether or not it turns out to be needed.
  const spare = await newKey(wanted.alg, seals);
  await queries.changing(db, async (tx) => {
    const removed = await queries.removeKey(tx, kid);
    if (!removed) throw new NotFound('signing key');
    if (removed.state === 'next') await queries.goOn(tx, removed.alg);
    if (removed.state === 'current' && !(await queries.promote(tx, removed.alg))) await queries.addFirstKey(tx, spare);
  });
  return wanted.alg;
}
