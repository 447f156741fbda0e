/**
 * What is dead goes away by itself. Small batches, each a statement and a transaction of its own: its locks, on rows that
 * no request has a use for, last some milliseconds, and it takes no row that somebody else has locked. docs/retention.md
 * holds the measurements behind the figures below.
 */
import { setTimeout as sleep } from 'node:timers/promises';
import type { Database } from '#src/db/index.ts';
import { DEAD, remove, vacuum } from './retention-queries.ts';

export interface Retention {
  /** One bounded turn; ends with its current batch when `signal` says so. */
  removeDead(signal?: AbortSignal): Promise<Removed>;
}

export interface Removed {
  /** By table. */
  readonly rows: Readonly<Record<string, number>>;
  /** The turn ended before the work did. */
  readonly more: boolean;
}

export interface RetentionDeps {
  readonly db: Database;
  /** Seconds that expired tokens, ended grants and events are kept: for "expired", not "unknown", and for audit. */
  readonly keep: number;
  /** Seconds beyond that: an instance with a slow clock, or a request under way, may still take a record for a live one. */
  readonly tolerance?: number;
}

const CLOCK_TOLERANCE = 60;
/** Rows of one statement. Larger ones gain nothing, and the embedded engine answers nobody else meanwhile. */
const BATCH = { postgres: 1_000, embedded: 200 } as const;
/** Between two rounds of batches: whoever waits for the processor, the disk or the one connection goes first. */
const PAUSE_MS = 20;
/** A backlog is worked off in many turns; a server that stops waits for one batch only. */
const LONGEST_TURN_MS = 10_000;
/** Nothing vacuums the embedded engine by itself: after so many removed rows we do, which takes it some 40 ms. */
const VACUUM_AFTER = 5_000;

export function createRetention({ db, keep, tolerance = CLOCK_TOLERANCE }: RetentionDeps): Retention {
  const removedSinceVacuum = new Map<string, number>();

  async function removeDead(signal?: AbortSignal): Promise<Removed> {
    const most = BATCH[db.engine];
    const until = Date.now() + LONGEST_TURN_MS;
    const rows: Record<string, number> = {};
    // One batch of each table in turn: a backlog in one of them does not hold up the others.
    let left = DEAD;
    while (left.length > 0 && Date.now() < until && !signal?.aborted) {
      const full: (typeof DEAD)[number][] = [];
      for (const dead of left) {
        const removed = await remove(db, dead, dead.kept ? keep + tolerance : tolerance, most);
        rows[dead.table] = (rows[dead.table] ?? 0) + removed;
        if (removed === most) full.push(dead);
      }
      left = full;
      if (left.length > 0) await sleep(PAUSE_MS);
    }
    if (db.engine === 'embedded' && !signal?.aborted) await giveSpaceBack(rows);
    return { rows, more: left.length > 0 };
  }

  async function giveSpaceBack(rows: Removed['rows']): Promise<void> {
    for (const dead of DEAD) {
      const removed = (removedSinceVacuum.get(dead.table) ?? 0) + (rows[dead.table] ?? 0);
      removedSinceVacuum.set(dead.table, removed < VACUUM_AFTER ? removed : 0);
      if (removed >= VACUUM_AFTER) await vacuum(db, dead);
    }
  }

  return { removeDead };
}
