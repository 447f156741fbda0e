import { type AttemptDeps, createAttempt, type Round } from './attempt.ts';
import { LIFETIME_SECONDS } from './backoff.ts';
import { type DueRow, listDueDeliveries, type TargetRow, takeUp } from './delivery-queries.ts';
import { atMost, inLanes } from './lanes.ts';

/** No attempt is begun later in a turn: with the ten seconds that it may take, all is over well within the lease. */
const LAST_ATTEMPT_AFTER_MS = 15_000;

const BOUNDS = {
  /** Enough to keep the lanes busy, few to go through whenever somebody looks what is due. */
  mostFree: 100,
  /** However long it hangs, and however much it would hear. */
  mostFreeFailing: 10,
  /** What is held up behind a failed delivery of its subject holds up no other subject before there is so much of it. */
  mostWaiting: 5_000,
  lifetime: LIFETIME_SECONDS,
} as const;

/** Subjects at the same time, and deliveries looked up at a time. A target that fails gets one request at a time. */
const PACE = { steady: { lanes: 10, most: 100 }, failing: { lanes: 1, most: 10 } } as const;

/**
 * Webhooks that fail, never succeeded or answer slowly are asked for and worked on so many at a time: these may hang until
 * the time-out, however many there are, and all other slots are for targets that answer.
 */
export const MOST_SHAKY = 64;

/**
 * The turn of a webhook: makes deliveries of what it hears, and sends what is due, each subject in its order. While a target
 * is waited for, no connection is held, nothing is locked, and nobody waits.
 */
export function createTurn(
  deps: Omit<AttemptDeps, 'inLine'>,
): (webhookId: string, signal: AbortSignal) => Promise<void> {
  const { db } = deps;
  // Deliveries come by the thousand, and each has its statement: they leave the other connections to requests.
  const inLine = atMost(db.concurrency);
  const attempt = createAttempt({ ...deps, inLine });
  let shakyTurns = 0;

  /** @returns whether the target can be expected to take more */
  async function round(target: TargetRow, due: readonly DueRow[], signal: AbortSignal, isLate: () => boolean) {
    const begun: Round = { target, failures: target.failures, ended: false, down: false, signal };
    const subjects = Map.groupBy(due, ({ subject }) => subject);
    await inLanes([...subjects.values()], PACE[paceOf(target)].lanes, async (subject) => {
      for (const delivery of subject) {
        // What failed holds back what comes after it; nothing is sent by what may have changed since it was read.
        if (begun.ended || isLate() || !(await attempt(begun, delivery))) return;
      }
    });
    return !begun.down;
  }

  return async (webhookId, signal) => {
    const until = performance.now() + LAST_ATTEMPT_AFTER_MS;
    const isLate = () => signal.aborted || performance.now() > until;
    let shaky = 0;
    try {
      while (!isLate()) {
        const target = await inLine(() => takeUp(db, webhookId, BOUNDS));
        if (!target) return;
        if (target.shaky && shaky === 0) {
          if (shakyTurns >= MOST_SHAKY) return;
          shakyTurns += 1;
          shaky = 1;
        }
        const due = await inLine(() => listDueDeliveries(db, webhookId, PACE[paceOf(target)].most));
        if (due.length === 0) return;
        if (!(await round(target, due, signal, isLate))) return;
      }
    } finally {
      shakyTurns -= shaky;
    }
  };
}

const paceOf = ({ failing }: TargetRow) => (failing ? 'failing' : 'steady');
