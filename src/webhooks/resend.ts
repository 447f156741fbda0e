import { randomUUID } from 'node:crypto';
import type { Seals } from '#src/crypto/index.ts';
import { type Database, isForeignKeyViolation, type Position } from '#src/db/index.ts';
import { Conflict, Invalid, NotFound } from '#src/oauth/problems.ts';
import { LIFETIME_SECONDS } from './backoff.ts';
import { type Delivery, toDelivery } from './deliveries.ts';
import { findDelivery } from './listing-queries.ts';
import * as queries from './resend-queries.ts';
import { sampleOf } from './sample.ts';
import { findWebhook, wake } from './subscription-queries.ts';
import { isId } from './webhook.ts';

/** What waits is looked through for what is due: a webhook with very much more would be slow to find it. */
const MOST_REPLAYED = 10_000;
/** Deliveries of one statement of a replay: on the embedded engine nobody else is answered meanwhile. */
const REPLAY_BATCH = 500;

/** What is sent because somebody asks for it. */
export interface Resending {
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

export function createResending({ db, seals }: { db: Database; seals: Pick<Seals, 'seal'> }): Resending {
  async function active(webhookId: string) {
    const row = isId(webhookId) ? await findWebhook(db, webhookId) : undefined;
    if (!row) throw new NotFound('webhook');
    if (row.status === 'paused') throw new Conflict('this webhook is paused: set its status to active first');
    return row;
  }

  async function mustFind(webhookId: string, id: string): Promise<Delivery> {
    const row = isId(id) ? await findDelivery(db, webhookId, id) : undefined;
    if (!row) throw new NotFound('delivery');
    return toDelivery(row);
  }

  return {
    async redeliver(webhookId, id) {
      await active(webhookId);
      await mustFind(webhookId, id);
      if (!(await queries.redeliver(db, webhookId, id, LIFETIME_SECONDS))) {
        await active(webhookId);
        throw new Conflict('the tokens that this notification carried have been erased');
      }
      await wake(db, webhookId);
      return mustFind(webhookId, id);
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
      return mustFind(webhookId, sample.deliveryId);
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
