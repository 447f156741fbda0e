import { setImmediate as yieldToOthers } from 'node:timers/promises';
import { type Database, retrying, Unavailable } from '#src/db/index.ts';
import { type Commitment, GuardFailed } from './commitment.ts';
import * as queries from './queries.ts';

/** Units written by one statement at most: past this, latency grows faster than throughput. */
const LARGEST_BATCH = 64;

interface Waiting {
  readonly commitment: Commitment;
  readonly written: () => void;
  readonly failed: (error: unknown) => void;
}

/**
 * Group commit: the units of all requests waiting at this moment become one statement, or one for each shape of them. A
 * round trip and a flush to disk are paid per batch instead of per request, and a unit whose guards fail leaves the others
 * of its batch untouched.
 */
export function createCommitter(db: Database): (commitment: Commitment) => Promise<void> {
  const waiting: Waiting[] = [];
  let running = 0;

  async function drain(): Promise<void> {
    running += 1;
    try {
      // Let the requests of this turn of the event loop arrive first.
      await yieldToOthers();
      while (waiting.length > 0) await write(takeBatch());
    } finally {
      running -= 1;
    }
  }

  /** As many of one shape as fit and do not stand in each other's way; the rest keep their order and wait for the next batch. */
  function takeBatch(): Waiting[] {
    const taken: Waiting[] = [];
    const left: Waiting[] = [];
    const changed = new Set<string>();
    const reliedOn = new Set<string>();
    while (waiting.length > 0 && taken.length < LARGEST_BATCH) {
      const candidate = waiting.shift() as Waiting;
      const { shape, changes, reliesOn } = candidate.commitment;
      const free =
        shape === (taken[0] ?? candidate).commitment.shape &&
        !changes.some((key) => changed.has(key) || reliedOn.has(key)) &&
        !reliesOn.some((key) => changed.has(key));
      (free ? taken : left).push(candidate);
      // Those left behind count too: nobody may overtake the unit it would have to wait for.
      for (const key of changes) changed.add(key);
      for (const key of reliesOn) reliedOn.add(key);
    }
    waiting.unshift(...left);
    return taken;
  }

  async function write(batch: Waiting[]): Promise<void> {
    try {
      const commitments = batch.map(({ commitment }) => commitment);
      const passed = await retrying(() => queries.writeUnits(db, commitments));
      for (const [i, { commitment, written, failed }] of batch.entries()) {
        if (passed.has(i)) written();
        else failed(new GuardFailed(commitment));
      }
    } catch (error) {
      // One unit that cannot be written must not take its neighbours with it: alone, each gets its own answer.
      if (batch.length === 1 || error instanceof Unavailable) {
        for (const { failed } of batch) failed(error);
      } else {
        for (const one of batch) await write([one]);
      }
    }
  }

  return (commitment) =>
    new Promise((written, failed) => {
      waiting.push({ commitment, written, failed });
      if (running < db.batches) void drain();
    });
}
