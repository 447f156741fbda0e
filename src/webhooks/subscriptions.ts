import { randomUUID } from 'node:crypto';
import type { Seals } from '#src/crypto/index.ts';
import { type Database, pageOf, positionOf } from '#src/db/index.ts';
import { Invalid, NotFound } from '#src/oauth/problems.ts';
import { eraseUnwaited } from './erasure-queries.ts';
import { checkRules } from './rules.ts';
import { newSecret, sealShared } from './secrets.ts';
import type { Targets } from './sending/target.ts';
import * as queries from './subscription-queries.ts';
import { isId, type NewWebhook, type Webhook, type WebhookChange } from './webhook.ts';

export interface Subscriptions {
  /** @returns the signing secret too; it is not shown again. @throws {Invalid} */
  create(wanted: NewWebhook): Promise<{ webhook: Webhook; signingSecret: string }>;
  find(id: string): Promise<Webhook | undefined>;
  /** In order of creation, those behind the position `after` ('' is the start). */
  list(page: { after: string; limit: number }): Promise<{ items: Webhook[]; next: string | undefined }>;
  /** Writes what `change` makes of the present state. @throws {NotFound} @throws {Invalid} */
  update(id: string, change: (present: Webhook) => WebhookChange): Promise<Webhook>;
  /** @throws {NotFound} */
  remove(id: string): Promise<void>;
}

export interface SubscriptionsDeps {
  readonly db: Database;
  readonly seals: Seals;
  readonly targets: Targets;
}

export function createSubscriptions({ db, seals, targets }: SubscriptionsDeps): Subscriptions {
  return {
    async create({ format, url, eventTypes, clientIds, sharedSecret, createdBy }) {
      refuse(checkRules(format, { url, eventTypes, clientIds }, sharedSecret, targets));
      const id = randomUUID();
      const { id: secretId, value: signingSecret, sealed } = newSecret(seals);
      const row = await queries.insertWebhook(db, {
        id,
        url,
        format,
        eventTypes,
        clientIds,
        sharedSecret: sharedSecret === undefined ? undefined : sealShared(seals, id, sharedSecret),
        createdBy,
        secretId,
        signingSecret: sealed,
      });
      return { webhook: toWebhook(row), signingSecret };
    },

    async find(id) {
      const row = isId(id) ? await queries.findWebhook(db, id) : undefined;
      return row && toWebhook(row);
    },

    async list({ after, limit }) {
      const rows = await queries.listWebhooks(db, positionOf(after), limit + 1);
      return pageOf(rows, limit, toWebhook, ({ id }) => id);
    },

    async update(id, change) {
      if (!isId(id)) throw new NotFound('webhook');
      return db.transaction(async (tx) => {
        const row = await queries.lockWebhook(tx, id);
        if (!row) throw new NotFound('webhook');
        const { status, sharedSecret, ...changed } = change(toWebhook(row));
        const moved = changed.url !== row.url;
        // What it had may have been allowed by other settings: that is no reason not to let it be paused.
        refuse(checkRules(row.format, changed, sharedSecret, moved ? targets : undefined));
        const updated = await queries.updateWebhook(tx, {
          id,
          ...changed,
          status: status ?? row.status,
          sharedSecret: typeof sharedSecret === 'string' ? sealShared(seals, id, sharedSecret) : sharedSecret,
          forgiven: moved || status === 'active',
        });
        return toWebhook(updated);
      });
    },

    async remove(id) {
      const format = isId(id) ? await queries.deleteWebhook(db, id) : undefined;
      if (format === undefined) throw new NotFound('webhook');
      // The tokens it waited for concern nobody any more. What this leaves of many, the job takes.
      if (format === 'notification') await eraseUnwaited(db);
    },
  };
}

function refuse(faults: ReturnType<typeof checkRules>): void {
  if (faults.length > 0) throw new Invalid(faults);
}

function toWebhook(row: queries.WebhookRow): Webhook {
  return {
    id: row.id,
    url: row.url,
    format: row.format,
    eventTypes: row.event_types,
    clientIds: row.client_ids ?? undefined,
    hasSharedSecret: row.has_shared_secret,
    status: row.status,
    pausedReason: row.paused_reason ?? undefined,
    failingSince: row.failing_since ?? undefined,
    restsUntil: row.rests_until ?? undefined,
    lastSuccessAt: row.last_success_at ?? undefined,
    createdBy: row.created_by,
    createdAt: row.created_at,
    updatedAt: row.updated_at,
  };
}
