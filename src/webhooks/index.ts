/**
 * Webhooks: who is told of what happens, and telling them. Owns the tables webhooks, webhook_secrets, webhook_deliveries and
 * webhook_attempts; what of the last two is over for a week is deleted by tokens/, with all else that is not kept.
 *
 * Of `events` it owns `position`, which it gives, and `sealed`, which it erases. The rows are written by others: by the
 * statement that makes what happened, or right after it, with its record in the audit log (sign-ins, locks, clients). Its
 * own are webhook.paused and webhook.test. It does not own what else is worth telling (who does a thing says so), nor who may
 * make a webhook (admin/).
 *
 * An event waits in `events` until the dispatcher has given it a place and asked for a turn of each webhook that hears it;
 * the turn makes deliveries of what the webhook hears, and sends what is due. Whatever is lost on the way, with the instance
 * it was on, is found again: what is to do stands in the tables.
 */
import type { Logger } from 'pino';
import type { Audit } from '#src/audit/index.ts';
import type { Seals } from '#src/crypto/index.ts';
import type { Database } from '#src/db/index.ts';
import { createTurns, type Jobs } from '#src/jobs/index.ts';
import type { TokenEvent } from '#src/tokens/index.ts';
import { createDeliveries, type Deliveries } from './deliveries.ts';
import { createDispatch } from './dispatch.ts';
import { eraseOld } from './erasure.ts';
import { createResending, type Resending } from './resend.ts';
import { createSigningSecrets, type SigningSecrets } from './secrets.ts';
import { createSender } from './sending/send.ts';
import { createTargets } from './sending/target.ts';
import { createSubscriptions, type Subscriptions } from './subscriptions.ts';
import { type Issued, tokenIssued } from './token-issued.ts';
import { createTurn } from './turn.ts';

export type { Delivery, LoggedAttempt, WholeDelivery } from './deliveries.ts';
export { EVENT_TYPES, NOTIFIED } from './event-types.ts';
export type { SigningSecret } from './secrets.ts';
export { LONGEST_URL } from './sending/target.ts';
export { FORMATS, type Format, isId, type NewWebhook, type Webhook, type WebhookChange } from './webhook.ts';

export interface Webhooks extends Subscriptions, Deliveries, Resending, SigningSecrets {
  /** The event that these tokens were issued, to be written with them. */
  tokenIssued(issued: Issued): TokenEvent;
  /** From now on there are deliveries. */
  start(): void;
  /** Begins no further delivery, and waits for those that are under way. */
  close(): Promise<void>;
}

export interface WebhooksDeps {
  readonly db: Database;
  readonly seals: Seals;
  readonly audit: Pick<Audit, 'record'>;
  readonly jobs: Pick<Jobs, 'start'>;
  readonly log: Pick<Logger, 'error' | 'warn' | 'info'>;
  /** Inside addresses that may be reached all the same. */
  readonly networks: readonly string[];
  /** For development: receivers on this machine. */
  readonly allowLoopback: boolean;
}

/** Webhooks that one instance works on at a time. */
const SLOTS = 192;
/** Longer than a turn that starts no attempt after 15 seconds, and whose attempts take 10. */
const LEASE_SECONDS = 30;
const ERASE_EVERY_SECONDS = 600;

export function createWebhooks(deps: WebhooksDeps): Webhooks {
  const { db, seals, audit, jobs, log, networks, allowLoopback } = deps;
  const targets = createTargets({ networks, allowLoopback });
  const sender = createSender({ networks, allowLoopback });
  const run = createTurn({ db, seals, sender, audit, log });
  const turns = createTurns({ db, log, name: 'webhooks', slots: SLOTS, lease: LEASE_SECONDS, run });
  const dispatch = createDispatch({ db, turns, log });

  return {
    ...createSubscriptions({ db, seals, targets }),
    ...createSigningSecrets({ db, seals }),
    ...createDeliveries({ db }),
    ...createResending({ db, seals }),

    tokenIssued: (issued) => tokenIssued({ seals }, issued),

    start() {
      dispatch.start();
      jobs.start({ name: 'erase undelivered notifications', every: ERASE_EVERY_SECONDS, run: () => eraseOld(db) });
    },

    async close() {
      await dispatch.close();
      await turns.close();
      sender.close();
    },
  };
}
