import { z } from 'zod';
import { CLIENT_ID } from '#src/clients/index.ts';
import { EVENT_TYPES, FORMATS, LONGEST_URL, NOTIFIED, type Webhook, type Webhooks } from '#src/webhooks/index.ts';
import { found } from '../found.ts';
import { patchOf, timestamp } from '../members.ts';
import { mergePatch } from '../merge-patch.ts';
import { pageOf, readPage } from '../pages.ts';
import { parse } from '../parse.ts';
import { assertMayHoldTokens } from '../privileges.ts';
import { type AnyRoute, route } from '../route.ts';
import { byTime, webhookTarget } from '../webhook-members.ts';

const MOST_CLIENTS = 100;
const TYPES = EVENT_TYPES.map(({ name }) => name);
const TOLD = EVENT_TYPES.map(({ name, description }) => `- ${name}: ${description}`).join('\n');

// All its rules are the webhook's: they depend on the format.
const url = z.string().meta({
  maxLength: LONGEST_URL,
  description: 'http or https, of a notification https; not into this network, unless a setting allows it',
});
const events = z
  .array(z.enum(TYPES))
  .max(TYPES.length)
  .meta({ description: `What it is told of. A notification tells of ${NOTIFIED} only.\n\n${TOLD}` });
const clientIds = z
  .array(z.string().regex(CLIENT_ID, 'is no client_id'))
  .max(MOST_CLIENTS)
  .meta({ description: 'Only what these clients are concerned in; left out: everything' });
// It travels as a header: no space, nothing that could end it.
const sharedSecret = z
  .string()
  .regex(/^[\x21-\x7e]{1,256}$/, 'must be 1 to 256 visible ASCII characters')
  .meta({ description: 'Of a notification: sent as X-Mintmark-Shared-Secret; never shown' });
const status = z.enum(['active', 'paused']);

const newWebhook = z
  .strictObject({
    url,
    format: z.enum(FORMATS),
    events: events.optional(),
    client_ids: clientIds.optional(),
    shared_secret: sharedSecret.optional(),
  })
  .meta({ id: 'NewWebhook' });

const changed = { url, events, client_ids: clientIds.optional(), shared_secret: sharedSecret.optional(), status };
const changedWebhook = z.strictObject(changed);
const webhookPatch = patchOf(changed).meta({ id: 'WebhookPatch' });

const webhook = z
  .object({
    id: z.string(),
    url: z.string(),
    format: z.enum(FORMATS),
    events: z.array(z.string()),
    client_ids: z.array(z.string()).nullable(),
    has_shared_secret: z.boolean(),
    status,
    paused_reason: z
      .enum(['requested', 'failing', 'gone'])
      .nullable()
      .meta({ description: 'requested: by somebody; failing: its target did, for a day; gone: it answered 410' }),
    failing_since: timestamp.nullable(),
    rests_until: timestamp.nullable().meta({ description: 'Nothing is sent before, because its target fails' }),
    last_success_at: timestamp.nullable(),
    created_by: z.string().meta({ description: 'client:<id>' }),
    created_at: timestamp,
    updated_at: timestamp,
  })
  .meta({ id: 'Webhook' });

const createdWebhook = webhook
  .extend({
    signing_secret: z.string().meta({ description: 'What deliveries are signed with; shown here and never again' }),
  })
  .meta({ id: 'CreatedWebhook' });

const webhookPage = pageOf('WebhookPage', webhook);

const FOR_ADMIN = 'One of format notification takes the scope admin: it receives the tokens of other people.';

export function webhookRoutes(webhooks: Webhooks): AnyRoute[] {
  return [
    route({
      method: 'GET',
      path: '/webhooks',
      scope: 'webhooks:read',
      summary: 'List webhooks',
      query: byTime,
      status: 200,
      result: webhookPage,
      handle: ({ query }) => readPage(webhooks.list, query, toWire, ''),
    }),
    route({
      method: 'POST',
      path: '/webhooks',
      scope: 'webhooks:write',
      summary: 'Make a webhook: a URL that is told of what happens from now on',
      description: FOR_ADMIN,
      audit: 'webhook.create',
      target: (_, made) => made && `webhook:${made.id}`,
      details: (_, made) => ({ format: made.format, events: made.events, origin: originOf(made.url) }),
      body: newWebhook,
      status: 201,
      result: createdWebhook,
      location: ({ id }) => `/webhooks/${id}`,
      async handle({ body: { format, ...given }, scopes, by }) {
        assertMayHoldTokens(scopes, format);
        const made = await webhooks.create({
          format,
          url: given.url,
          eventTypes: given.events ?? (format === 'notification' ? [NOTIFIED] : []),
          clientIds: given.client_ids,
          sharedSecret: given.shared_secret,
          createdBy: by,
        });
        return { ...toWire(made.webhook), signing_secret: made.signingSecret };
      },
    }),
    route({
      method: 'GET',
      path: '/webhooks/:webhook_id',
      scope: 'webhooks:read',
      summary: 'Read a webhook',
      status: 200,
      result: webhook,
      handle: async ({ params }) => toWire(found('webhook', await webhooks.find(params.webhook_id))),
    }),
    route({
      method: 'PATCH',
      path: '/webhooks/:webhook_id',
      scope: 'webhooks:write',
      summary: 'Change, pause or resume a webhook',
      description: `With status active, or another url, what its target did is forgiven. ${FOR_ADMIN}`,
      audit: 'webhook.update',
      target: webhookTarget,
      details: ({ body }, now) => ({ members: Object.keys(body), origin: originOf(now.url) }),
      body: webhookPatch,
      status: 200,
      result: webhook,
      async handle({ params, body, scopes }) {
        const updated = await webhooks.update(params.webhook_id, (present) => {
          assertMayHoldTokens(scopes, present.format);
          const after = parse(changedWebhook, mergePatch(toEditable(present), body));
          return {
            url: after.url,
            eventTypes: after.events,
            clientIds: after.client_ids,
            sharedSecret: body.shared_secret === null ? null : after.shared_secret,
            status: body.status === undefined ? undefined : after.status,
          };
        });
        return toWire(updated);
      },
    }),
    route({
      method: 'DELETE',
      path: '/webhooks/:webhook_id',
      scope: 'webhooks:write',
      summary: 'Delete a webhook, with what is known of its deliveries',
      description: FOR_ADMIN,
      audit: 'webhook.delete',
      target: webhookTarget,
      status: 204,
      async handle({ params, scopes }) {
        assertMayHoldTokens(scopes, (await webhooks.find(params.webhook_id))?.format);
        await webhooks.remove(params.webhook_id);
      },
    }),
  ];
}

/** The rest of a URL may be the secret of whoever receives there. */
const originOf = (of: string) => URL.parse(of)?.origin;

/** The document that a merge patch is applied to. */
function toEditable(present: Webhook) {
  return { url: present.url, events: present.eventTypes, client_ids: present.clientIds, status: present.status };
}

function toWire(present: Webhook): z.output<typeof webhook> {
  return {
    id: present.id,
    url: present.url,
    format: present.format,
    events: [...present.eventTypes],
    client_ids: present.clientIds ? [...present.clientIds] : null,
    has_shared_secret: present.hasSharedSecret,
    status: present.status,
    paused_reason: present.pausedReason ?? null,
    failing_since: present.failingSince?.toISOString() ?? null,
    rests_until: present.restsUntil?.toISOString() ?? null,
    last_success_at: present.lastSuccessAt?.toISOString() ?? null,
    created_by: present.createdBy,
    created_at: present.createdAt.toISOString(),
    updated_at: present.updatedAt.toISOString(),
  };
}
