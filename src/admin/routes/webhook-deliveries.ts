import { z } from 'zod';
import type { Delivery, LoggedAttempt, Webhooks, WholeDelivery } from '#src/webhooks/index.ts';
import { found } from '../found.ts';
import { timestamp } from '../members.ts';
import { pageOf, readPage } from '../pages.ts';
import { type AnyRoute, route } from '../route.ts';
import { byTime, webhookTarget } from '../webhook-members.ts';

const status = z.enum(['pending', 'delivered', 'dead']);

const attempt = z
  .object({
    at: timestamp,
    duration_ms: z.int(),
    status: z.int().nullable().meta({ description: 'Of its answer; null: there was none' }),
    error: z.string().nullable(),
    answer: z
      .string()
      .nullable()
      .meta({ description: 'The first kilobyte; what was secret in the request is struck out' }),
  })
  .meta({ id: 'WebhookAttempt' });

const delivery = z
  .object({
    id: z.string(),
    event_id: z.string().meta({ description: 'webhook-id: the same on every try' }),
    type: z.string(),
    time: timestamp.meta({ description: 'When it happened' }),
    status,
    attempts: z.int().meta({ description: 'Since it was first sent, or asked to be sent again' }),
    next_attempt_at: timestamp.nullable().meta({ description: 'null: none, or not while the webhook is paused' }),
    gives_up_at: timestamp,
    finished_at: timestamp.nullable(),
    last_attempt: attempt.nullable(),
  })
  .meta({ id: 'WebhookDelivery' });

const wholeDelivery = delivery
  .extend({
    attempt_log: z.array(attempt).meta({ description: 'Oldest first; the last 100' }),
    data: z
      .record(z.string(), z.unknown())
      .optional()
      .meta({ description: 'What the event says; not of a notification, whose values are shown to nobody' }),
  })
  .meta({ id: 'WholeWebhookDelivery' });

const deliveryPage = pageOf('WebhookDeliveryPage', delivery);

const replay = z
  .strictObject({ from: timestamp, to: timestamp.meta({ description: 'ISO 8601, UTC; not included' }) })
  .meta({ id: 'WebhookReplay' });

const replayed = z.object({ replayed: z.int() }).meta({ id: 'ReplayedWebhook' });

const PATH = '/webhooks/:webhook_id/deliveries';

export function webhookDeliveryRoutes(webhooks: Webhooks): AnyRoute[] {
  return [
    route({
      method: 'GET',
      path: PATH,
      scope: 'webhooks:read',
      summary: 'List what a webhook was told, or is going to be, newest first',
      description: 'What was delivered or is dead is kept for 7 days, what is pending until it is either.',
      query: byTime.extend({ status: status.optional() }),
      status: 200,
      result: deliveryPage,
      handle: ({ params, query: { status: wanted, ...page } }) =>
        readPage((at) => webhooks.listDeliveries(params.webhook_id, { status: wanted }, at), page, toWire, ''),
    }),
    route({
      method: 'GET',
      path: `${PATH}/:delivery_id`,
      scope: 'webhooks:read',
      summary: 'Read a delivery and the log of its attempts',
      status: 200,
      result: wholeDelivery,
      handle: async ({ params }) =>
        toWholeWire(found('delivery', await webhooks.findDelivery(params.webhook_id, params.delivery_id))),
    }),
    route({
      method: 'POST',
      path: `${PATH}/:delivery_id/redeliver`,
      scope: 'webhooks:write',
      summary: 'Send once more, now, what was delivered, is dead or waits',
      description:
        'Its webhook-id stays. 409 while the webhook is paused, and when what it would send has been erased.',
      audit: 'webhook.redeliver',
      target: webhookTarget,
      status: 202,
      result: delivery,
      handle: async ({ params }) => toWire(await webhooks.redeliver(params.webhook_id, params.delivery_id)),
    }),
    route({
      method: 'POST',
      path: '/webhooks/:webhook_id/replay',
      scope: 'webhooks:write',
      summary:
        'Send once more everything the webhook listens to of a time, delivered or not, as far as it is still kept',
      description: '10,000 events at a time. What has been erased of notifications is left out.',
      audit: 'webhook.replay',
      target: webhookTarget,
      details: ({ body }, result) => ({ ...body, ...result }),
      body: replay,
      status: 202,
      result: replayed,
      async handle({ params, body }) {
        const range = { from: new Date(body.from), to: new Date(body.to) };
        return { replayed: await webhooks.replay(params.webhook_id, range) };
      },
    }),
    route({
      method: 'POST',
      path: '/webhooks/:webhook_id/test',
      scope: 'webhooks:write',
      summary:
        'Send a sample to this webhook: an event webhook.test, or a notification whose values say that they are samples',
      audit: 'webhook.test',
      target: webhookTarget,
      status: 202,
      result: delivery,
      handle: async ({ params }) => toWire(await webhooks.test(params.webhook_id)),
    }),
  ];
}

function toWire(present: Delivery): z.output<typeof delivery> {
  return {
    id: present.id,
    event_id: present.eventId,
    type: present.type,
    time: present.time.toISOString(),
    status: present.status,
    attempts: present.attempts,
    next_attempt_at: present.nextAttemptAt?.toISOString() ?? null,
    gives_up_at: present.givesUpAt.toISOString(),
    finished_at: present.finishedAt?.toISOString() ?? null,
    last_attempt: present.lastAttempt ? toAttemptWire(present.lastAttempt) : null,
  };
}

function toWholeWire(present: WholeDelivery): z.output<typeof wholeDelivery> {
  const log = { attempt_log: present.attemptLog.map(toAttemptWire) };
  return { ...toWire(present), ...log, ...(present.data && { data: present.data }) };
}

function toAttemptWire({ at, duration, status: answered, error, answer }: LoggedAttempt): z.output<typeof attempt> {
  return {
    at: at.toISOString(),
    duration_ms: duration,
    status: answered ?? null,
    error: error ?? null,
    answer: answer ?? null,
  };
}
