import { randomUUID } from 'node:crypto';
import type { Seals } from '#src/crypto/index.ts';
import { type Database, isForeignKeyViolation } from '#src/db/index.ts';
import { Conflict, Invalid, NotFound } from '#src/oauth/problems.ts';
import * as queries from './listing-queries.ts';
import { dataOf } from './message.ts';
import { findWebhook, type Position, wake } from './queries.ts';
import { sampleOf } from './sample.ts';
import { isId } from './webhook.ts';

/** How long somebody who asks for it has it tried, as with what happens by itself. */
const LIFETIME_SECONDS = 24 * 60 * 60;
/** What waits is looked through for what is due: a webhook with very much more would be slow to find it. */
const MOST_REPLAYED = 10_000;
/** Deliveries of one statement of a replay: on the embedded engine nobody else is answered meanwhile. */
const REPLAY_BATCH = 500;
/** Far more than there are within 24 hours; a delivery that is sent again by a script can have any number. */
const MOST_ATTEMPTS_SHOWN = 100;

export interface LoggedAttempt {
  readonly at: Date;
  /** Milliseconds. */
  readonly duration: number;
  /** Undefined: there was no answer. */
  readonly status: number | undefined;
  readonly error: string | undefined;
  /** The first kilobyte of it. */
  readonly answer: string | undefined;
}

export interface Delivery {
  readonly id: string;
  /** `webhook-id`: the same on every try. */
  readonly eventId: string;
  readonly type: string;
  /** When it happened. */
  readonly time: Date;
  readonly status: queries.DeliveryStatus;
  /** Since it was first sent, or asked to be sent again. */
  readonly attempts: number;
  /** Undefined: never, as things are. */
  readonly nextAttemptAt: Date | undefined;
  readonly givesUpAt: Date;
  readonly finishedAt: Date | undefined;
  readonly lastAttempt: LoggedAttempt | undefined;
}

export interface WholeDelivery extends Delivery {
  /** The last ones, oldest first. */
  readonly attemptLog: readonly LoggedAttempt[];
  /** What the event says; undefined for a notification, which says nothing but tokens. */
  readonly data: Readonly<Record<string, unknown>> | undefined;
}

export interface Deliveries {
  /** Newest first, those behind the position `after` ('' is the start). @throws {NotFound} */
  listDeliveries(
    webhookId: string,
    filter: { status: queries.DeliveryStatus | undefined },
    page: { after: string; limit: number },
  ): Promise<{ items: Delivery[]; next: string | undefined }>;
  findDelivery(webhookId: string, id: string): Promise<WholeDelivery | undefined>;
  /** Sends it now, once more. @throws {NotFound} @throws {Conflict} when it is paused, or what was to be sent is erased */
  redeliver(webhookId: string, id: string): Promise<Delivery>;
  /**
   * Sends everything once more that the webhook hears of this time. `to` is not part of it.
   *
   * @returns how much @throws {NotFound} @throws {Conflict} when it is paused @throws {Invalid} when it is too much
   */
  replay(webhookId: string, range: queries.Range): Promise<number>;
  /** Sends a sample, to this webhook alone. @throws {NotFound} @throws {Conflict} when it is paused */
  test(webhookId: string): Promise<Delivery>;
}

export function createDeliveries({ db, seals }: { db: Database; seals: Pick<Seals, 'seal'> }): Deliveries {
  async function known(webhookId: string) {
    const row = isId(webhookId) ? await findWebhook(db, webhookId) : undefined;
    if (!row) throw new NotFound('webhook');
    return row;
  }

  async function active(webhookId: string) {
    const row = await known(webhookId);
    if (row.status === 'paused') throw new Conflict('this webhook is paused: set its status to active first');
    return row;
  }

  async function find(webhookId: string, id: string): Promise<queries.DeliveryRow | undefined> {
    return isId(webhookId) && isId(id) ? queries.findDelivery(db, webhookId, id) : undefined;
  }

  async function mustFind(webhookId: string, id: string): Promise<queries.DeliveryRow> {
    const row = await find(webhookId, id);
    if (!row) throw new NotFound('delivery');
    return row;
  }

  return {
    async listDeliveries(webhookId, { status }, { after, limit }) {
      await known(webhookId);
      const rows = await queries.listDeliveries(db, { webhookId, status, behind: positionOf(after), limit: limit + 1 });
      const page = rows.slice(0, limit);
      const last = page.at(-1);
      const next = rows.length > limit && last ? `${last.created_us}.${last.id}` : undefined;
      return { items: page.map(toDelivery), next };
    },

    async findDelivery(webhookId, id) {
      const row = await find(webhookId, id);
      if (!row) return undefined;
      const data = row.format === 'event' ? dataOf(row) : undefined;
      const attempts = await queries.listAttempts(db, row.id, MOST_ATTEMPTS_SHOWN);
      return { ...toDelivery(row), attemptLog: attempts.map(toAttempt).reverse(), data };
    },

    async redeliver(webhookId, id) {
      await active(webhookId);
      await mustFind(webhookId, id);
      if (!(await queries.redeliver(db, webhookId, id, LIFETIME_SECONDS))) {
        await active(webhookId);
        throw new Conflict('the tokens that this notification carried have been erased');
      }
      await wake(db, webhookId);
      return toDelivery(await mustFind(webhookId, id));
    },

    async replay(webhookId, range) {
      if (range.from >= range.to) throw new Invalid([{ path: 'to', message: 'must be after from' }]);
      await active(webhookId);
      if ((await queries.countHeard(db, webhookId, range, MOST_REPLAYED + 1)) > MOST_REPLAYED) throw tooMuch();
      const replayed = await replayAll(db, webhookId, range);
      await wake(db, webhookId);
      return replayed;
    },

    async test(webhookId) {
      const { format } = await active(webhookId);
      const sample = { deliveryId: randomUUID(), ...sampleOf(format, webhookId, seals) };
      if (!(await queries.insertTest(db, webhookId, sample, LIFETIME_SECONDS))) await active(webhookId);
      await wake(db, webhookId);
      return toDelivery(await mustFind(webhookId, sample.deliveryId));
    },
  };
}

const tooMuch = () =>
  new Invalid([{ path: 'to', message: `is more than ${MOST_REPLAYED} events away: replay a shorter time` }]);

async function replayAll(db: Database, webhookId: string, range: queries.Range): Promise<number> {
  const how = { seconds: LIFETIME_SECONDS, most: REPLAY_BATCH };
  let replayed = 0;
  let behind: Position | undefined;
  try {
    do {
      const { count, last } = await queries.replay(db, webhookId, range, behind, how);
      replayed += count;
      behind = last;
    } while (behind);
  } catch (error) {
    throw isForeignKeyViolation(error, 'webhook_deliveries_webhook_id_fkey') ? new NotFound('webhook') : error;
  }
  return replayed;
}

/** When and which: a turn makes many in one instant. */
function positionOf(position: string): Position | undefined {
  const [createdUs = '', id = ''] = position.split('.');
  return isId(id) ? { createdUs, id } : undefined;
}

function toDelivery(row: queries.DeliveryRow): Delivery {
  return {
    id: row.id,
    eventId: row.uid,
    type: row.type,
    time: row.happened_at,
    status: row.status,
    attempts: row.attempts,
    nextAttemptAt: row.next_attempt_at ?? undefined,
    givesUpAt: row.gives_up_at,
    finishedAt: row.finished_at ?? undefined,
    lastAttempt:
      row.last_at && row.last_duration !== null
        ? toAttempt({
            at: row.last_at,
            duration: row.last_duration,
            status: row.last_status,
            error: row.last_error,
            answer: row.last_answer,
          })
        : undefined,
  };
}

function toAttempt({ at, duration, status, error, answer }: queries.AttemptRow): LoggedAttempt {
  return { at, duration, status: status ?? undefined, error: error ?? undefined, answer: answer ?? undefined };
}
