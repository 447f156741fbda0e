import { setTimeout as sleep } from 'node:timers/promises';
import type { PgBoss } from 'pg-boss';
import type { Logger } from 'pino';
import { type Database, retrying } from '#src/db/index.ts';
import * as queries from './queries.ts';
import { openQueue } from './turns-queue.ts';

/** Asked for by key. On one instance at a time something is run for a key, and once more when it was asked meanwhile. */
export interface Turns {
  /** Takes part in working on what is asked. May be called again, also after it failed. */
  open(): Promise<void>;
  /**
   * One turn for each of these keys, on any instance, as soon as a slot is free. Asking again for a key that still waits
   * changes nothing.
   *
   * A turn is not promised: it is lost with the instance that runs it, and one that fails is not repeated. Whoever asks
   * keeps what there is to do elsewhere, and asks again while there is.
   */
  ask(keys: readonly string[]): Promise<void>;
  /** Whether a turn of this key runs, on this instance. */
  runs(key: string): boolean;
  /** Starts no further turn, and waits for those that run. */
  close(): Promise<void>;
}

export interface TurnsDeps {
  readonly db: Database;
  readonly log: Pick<Logger, 'error'>;
  /** The same on all instances that share this work. */
  readonly name: string;
  /** Turns of this instance at once. */
  readonly slots: number;
  /** Seconds after which another instance assumes that whoever runs a turn is gone. Before, `signal` is aborted. */
  readonly lease: number;
  run(key: string, signal: AbortSignal): Promise<void>;
}

/** What other instances asked for, and turns given up by the dead, are found this late. */
const POLL_MS = 1_000;
const SEARCH_FOR_DEAD_MS = 2_000;

export function createTurns({ db, log, name, slots, lease, run }: TurnsDeps): Turns {
  const closing = new AbortController();
  const running = new Map<string, { aborter: AbortController; over: Promise<void> }>();
  let ended: string[] = [];
  let nap = new AbortController();
  let nextSearch = 0;
  let opening: Promise<PgBoss> | undefined;
  let working: Promise<void> | undefined;

  function start(id: string, key: string, fetched: number): void {
    const aborter = new AbortController();
    // Begun when it is noted down: a turn that is over at once takes its note away again.
    const over = Promise.resolve().then(() => turn(id, key, fetched, aborter));
    running.set(key, { aborter, over });
  }

  /** @param fetched by this instance's clock, no later than the lease began */
  async function turn(id: string, key: string, fetched: number, aborter: AbortController): Promise<void> {
    const lapse = setTimeout(() => aborter.abort(), lease * 1000 - (performance.now() - fetched));
    if (closing.signal.aborted) aborter.abort();
    try {
      await run(key, aborter.signal);
    } catch (error) {
      if (!closing.signal.aborted) log.error({ err: error, turn: name, key }, 'a turn failed');
    } finally {
      clearTimeout(lapse);
      running.delete(key);
      ended.push(id);
      nap.abort();
    }
  }

  async function removeEnded(boss: PgBoss): Promise<void> {
    const ids = ended;
    if (ids.length === 0) return;
    ended = [];
    try {
      // Deleted, not completed: a queue that keeps no history needs nobody who clears it away.
      await retrying(() => boss.deleteJob(name, ids));
    } catch (error) {
      ended.push(...ids);
      throw error;
    }
  }

  async function takeUp(boss: PgBoss): Promise<void> {
    const free = slots - running.size;
    if (free <= 0) return;
    const fetched = performance.now();
    for (const { id, data } of await boss.fetch<{ key: string }>(name, { batchSize: free })) {
      // It outlived its lease and may still be at it: two at once is what nobody may see.
      if (running.has(data.key)) ended.push(id);
      else start(id, data.key, fetched);
    }
  }

  async function work(boss: PgBoss): Promise<void> {
    while (!closing.signal.aborted) {
      nap = new AbortController();
      try {
        await removeEnded(boss);
        if (performance.now() >= nextSearch) {
          await queries.removeLapsedTurns(db, name);
          nextSearch = performance.now() + SEARCH_FOR_DEAD_MS;
        }
        await takeUp(boss);
      } catch (error) {
        log.error({ err: error, turn: name }, 'no turns could be taken up; it is tried again');
        nap = new AbortController();
      }
      await sleep(POLL_MS, undefined, { signal: nap.signal, ref: false }).catch(() => {});
    }
  }

  async function opened(): Promise<PgBoss> {
    if (closing.signal.aborted) throw new Error(`the turns of ${name} are closed`);
    opening ??= openQueue({ db, log, name }).catch((error: unknown) => {
      opening = undefined;
      throw error;
    });
    const boss = await opening;
    working ??= work(boss);
    return boss;
  }

  return {
    runs: (key) => running.has(key),

    async open() {
      await opened();
    },

    async ask(keys) {
      if (keys.length === 0) return;
      const boss = await opened();
      // In one order on all instances: each inserts many unique keys, and would wait for one that another has inserted.
      const jobs = keys.toSorted().map((key) => ({ singletonKey: key, data: { key }, expireInSeconds: lease }));
      await retrying(() => boss.insert(name, jobs));
      nap.abort();
    },

    async close() {
      closing.abort();
      for (const { aborter } of running.values()) aborter.abort();
      const boss = await opening?.catch(() => undefined);
      if (!boss) return;
      nap.abort();
      await working;
      await Promise.all([...running.values()].map(({ over }) => over));
      await removeEnded(boss).catch((error: unknown) => {
        log.error({ err: error, turn: name }, 'turns that ended are taken for running until their lease ends');
      });
      await boss.stop({ graceful: false, close: false });
    },
  };
}
