/**
 * Work beside the requests, shared by all instances. Owns the table jobs, the schema pgboss and the timers; knows nothing of
 * what is done.
 *
 * Jobs come round by themselves: a named job runs every so often, on one instance at a time, for as long as the server does.
 * A timer, not a queue: such work has no arguments, nobody waits for its result, and missing a turn loses nothing because
 * the next one finds the same work.
 *
 * Turns are asked for, by key, and run for each key on one instance at a time (`turns.ts`). Neither keeps what there is to
 * do: that is in the tables of whoever asks.
 *
 * On a job, instances agree by a row and not by an advisory lock: a lock lives as long as a connection or a transaction is
 * held, and the embedded engine has only one of those. The row is a lease; a process that is killed in the middle of a job
 * delays the next turn by that lease at most.
 */
import { setTimeout as sleep } from 'node:timers/promises';
import type { Logger } from 'pino';
import type { Database } from '#src/db/index.ts';
import * as queries from './queries.ts';

export { createTurns, type Turns } from './turns.ts';

export interface Job {
  readonly name: string;
  /** Seconds from the end of one turn to the next. */
  readonly every: number;
  /**
   * One turn, bounded: it ends well within `LEASE_SECONDS`, sooner when `signal` says that the server stops.
   *
   * @returns whether there is more to do, so that the next turn comes at once
   */
  run(signal: AbortSignal): Promise<{ more: boolean }>;
}

export interface Jobs {
  start(job: Job): void;
  /** Starts no further turn, and waits for the one that runs. */
  close(): Promise<void>;
}

/** How long a turn may take before another instance assumes that whoever took it is gone. */
const LEASE_SECONDS = 60;
/** Between turns of a job with more to do: requests get the database to themselves. */
const PAUSE_SECONDS = 1;
/** Instances that were started together must not ask together, nor in the first moment of a start. */
const JITTER_SECONDS = 5;

export function createJobs({ db, log }: { db: Database; log: Pick<Logger, 'error'> }): Jobs {
  const closing = new AbortController();
  const running: Promise<void>[] = [];

  /** @returns how many seconds to wait before asking again */
  async function turn({ name, every, run }: Job): Promise<number> {
    const due = await queries.claim(db, name, LEASE_SECONDS);
    if (due > 0) return due;
    let pause = every;
    try {
      const { more } = await run(closing.signal);
      if (more) pause = PAUSE_SECONDS;
    } finally {
      await queries.release(db, name, pause);
    }
    return pause;
  }

  async function repeat(job: Job): Promise<void> {
    let wait = 0;
    for (;;) {
      const delay = wait === PAUSE_SECONDS ? wait : wait + Math.random() * Math.min(JITTER_SECONDS, job.every);
      await sleep(delay * 1000, undefined, { signal: closing.signal, ref: false }).catch(() => {});
      if (closing.signal.aborted) return;
      wait = await turn(job).catch((error: unknown) => {
        log.error({ err: error, job: job.name }, 'a job failed; it is tried again');
        return job.every;
      });
    }
  }

  return {
    start(job) {
      running.push(repeat(job));
    },
    async close() {
      closing.abort();
      await Promise.all(running);
    },
  };
}
