import type { Db } from '#src/db/index.ts';
import { LIFETIME_SECONDS } from './backoff.ts';
import { ERASED_AT_ONCE, eraseOlder, eraseUnwaited } from './erasure-queries.ts';

/** An hour longer than a delivery is tried: what was not delivered until then is not going to be. */
const KEPT_SECONDS = LIFETIME_SECONDS + 60 * 60;

/** One turn of a job: living tokens do not lie around for a receiver that does not come back. */
export async function eraseOld(db: Db): Promise<{ more: boolean }> {
  const erased = [await eraseOlder(db, KEPT_SECONDS), await eraseUnwaited(db)];
  return { more: erased.includes(ERASED_AT_ONCE) };
}
