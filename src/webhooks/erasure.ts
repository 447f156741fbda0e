import type { Db } from '#src/db/index.ts';
import { eraseOlder, eraseUnwaited } from './erasure-queries.ts';

/** Longer than a delivery is tried: what was not delivered until then is not going to be. */
const KEPT_SECONDS = 25 * 60 * 60;
/** Bodies of one statement. */
const BATCH = 500;

/** One turn of a job: living tokens do not lie around for a receiver that does not come back. */
export async function eraseOld(db: Db): Promise<{ more: boolean }> {
  const erased = [await eraseOlder(db, KEPT_SECONDS, BATCH), await eraseUnwaited(db, BATCH)];
  return { more: erased.includes(BATCH) };
}
