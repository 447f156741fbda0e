import { type Database, pageOf, positionOf } from '#src/db/index.ts';
import { NotFound } from '#src/oauth/problems.ts';
import * as queries from './listing-queries.ts';
import { dataOf } from './message.ts';
import { findWebhook } from './subscription-queries.ts';
import { isId } from './webhook.ts';

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
}

export function createDeliveries({ db }: { db: Database }): Deliveries {
  return {
    async listDeliveries(webhookId, { status }, { after, limit }) {
      if (!(isId(webhookId) && (await findWebhook(db, webhookId)))) throw new NotFound('webhook');
      const rows = await queries.listDeliveries(db, { webhookId, status, behind: positionOf(after), limit: limit + 1 });
      return pageOf(rows, limit, toDelivery, ({ id }) => id);
    },

    async findDelivery(webhookId, id) {
      const row = isId(webhookId) && isId(id) ? await queries.findDelivery(db, webhookId, id) : undefined;
      if (!row) return undefined;
      const data = row.format === 'event' ? dataOf(row) : undefined;
      const attempts = await queries.listAttempts(db, row.id, MOST_ATTEMPTS_SHOWN);
      return { ...toDelivery(row), attemptLog: attempts.map(toAttempt).reverse(), data };
    },
  };
}

export function toDelivery(row: queries.DeliveryRow): Delivery {
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
