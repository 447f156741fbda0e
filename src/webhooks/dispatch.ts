import { setTimeout as sleep } from 'node:timers/promises';
import type { Logger } from 'pino';
import { type Database, held } from '#src/db/index.ts';
import type { Turns } from '#src/jobs/index.ts';
import * as queries from './dispatch-queries.ts';
import { MOST_SHAKY } from './turn.ts';

export interface Dispatch {
  start(): void;
  /** Asks for no further turn. Those that were asked for are not its own. */
  close(): Promise<void>;
}

export interface DispatchDeps {
  readonly db: Database;
  readonly turns: Pick<Turns, 'open' | 'ask' | 'runs'>;
  readonly log: Pick<Logger, 'error'>;
}

/** What happens is on its way after half of it, on average. */
const TICK_MS = 250;
/** When the database cannot be reached: it is reported, and not four times a second. */
const RETRY_MS = 2_000;
/** Events of one statement; a batch that is full is followed by the next one at once. */
const MOST_PLACED = 500;
/** What a killed instance had noticed and not asked for is noticed again this late. */
const SWEEP_MS = 10_000;

/**
 * Asks for a turn of each webhook that there is work for. Every instance has one and any number may run: they place events
 * one at a time (`place`), and asking twice for the same turn is asking once.
 *
 * While there is no active webhook it sends no statement.
 */
export function createDispatch({ db, turns, log }: DispatchDeps): Dispatch {
  const closing = new AbortController();
  const listeners = held(db, 'webhooks', queries.listActive);
  /** Those that heard of something since their last turn was asked for. One that rests stays here until it does not. */
  const heard = new Set<string>();
  let known: readonly queries.ListenerRow[] = [];
  let nextSweep = 0;
  let running: Promise<void> | undefined;

  /** @returns whether there is more to place */
  async function placeEvents(): Promise<boolean> {
    const placed = await queries.place(db, MOST_PLACED);
    for (const { id, ...listener } of known) if (placed.some((event) => hears(listener, event))) heard.add(id);
    return placed.reduce((sum, { count }) => sum + count, 0) === MOST_PLACED;
  }

  async function sweep(): Promise<void> {
    nextSweep = performance.now() + SWEEP_MS;
    for (const id of await queries.sweep(db)) heard.add(id);
  }

  async function askForTurns(): Promise<void> {
    const listed = await queries.listDue(db, [...heard], MOST_SHAKY);
    // A turn that runs takes up what there is; what it leaves is still due when it is over.
    const due = listed.filter((id) => !turns.runs(id));
    await turns.ask(due);
    for (const id of due) heard.delete(id);
  }

  /** @returns milliseconds until the next */
  async function tick(): Promise<number> {
    const active = await listeners.present();
    if (active !== known) {
      // Who has become active may have something to hear that happened before.
      nextSweep = 0;
      known = active;
      const ids = new Set(active.map(({ id }) => id));
      for (const id of heard) if (!ids.has(id)) heard.delete(id);
    }
    if (active.length === 0) return TICK_MS;
    // Also when there is nothing to ask for here: other instances ask too, and any of them runs it.
    await turns.open();
    const more = await placeEvents();
    if (performance.now() >= nextSweep) await sweep();
    await askForTurns();
    return more ? 0 : TICK_MS;
  }

  async function repeat(): Promise<void> {
    while (!closing.signal.aborted) {
      const pause = await tick().catch((error: unknown) => {
        if (!closing.signal.aborted) log.error({ err: error }, 'webhooks could not be dispatched; it is tried again');
        return RETRY_MS;
      });
      if (pause > 0) await sleep(pause, undefined, { signal: closing.signal, ref: false }).catch(() => {});
    }
  }

  return {
    start() {
      running ??= repeat();
    },
    async close() {
      closing.abort();
      await running;
    },
  };
}

/** As the function of this name in the database has it. */
function hears(
  { event_types, client_ids }: Omit<queries.ListenerRow, 'id'>,
  { type, client_id }: queries.PlacedRow,
): boolean {
  return event_types.includes(type) && (client_ids === null || (client_id !== null && client_ids.includes(client_id)));
}
