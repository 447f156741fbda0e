import { z } from 'zod';
import type { SigningSecret, Webhooks } from '#src/webhooks/index.ts';
import { timestamp } from '../members.ts';
import { assertMayHoldTokens } from '../privileges.ts';
import { type AnyRoute, route } from '../route.ts';
import { webhookTarget } from '../webhook-members.ts';

const LONGEST_OVERLAP_SECONDS = 604_800;
/** Enough to tell a receiver; 0 is for a secret that leaked. */
const USUAL_OVERLAP_SECONDS = 86_400;

const rotation = z
  .strictObject({
    expires_previous_in: z.int().min(0).max(LONGEST_OVERLAP_SECONDS).optional().meta({
      default: USUAL_OVERLAP_SECONDS,
      description: 'Seconds for which deliveries are signed by the secret before this one, too',
    }),
  })
  .meta({ id: 'WebhookSecretRotation' });

const secret = z
  .object({
    id: z.string(),
    created_at: timestamp,
    expires_at: timestamp.nullable().meta({ description: 'null: when there is a newer one' }),
  })
  .meta({ id: 'WebhookSecret' });

const createdSecret = secret
  .extend({ signing_secret: z.string().meta({ description: 'Shown here and never again' }) })
  .meta({ id: 'CreatedWebhookSecret' });

const secrets = z.object({ items: z.array(secret), next_cursor: z.null() }).meta({ id: 'WebhookSecrets' });

export function webhookSecretRoutes(webhooks: Webhooks): AnyRoute[] {
  return [
    route({
      method: 'GET',
      path: '/webhooks/:webhook_id/secrets',
      scope: 'webhooks:read',
      summary: 'List the signing secrets of a webhook, without their values',
      status: 200,
      result: secrets,
      async handle({ params }) {
        return { items: (await webhooks.listSecrets(params.webhook_id)).map(toWire), next_cursor: null };
      },
    }),
    route({
      method: 'POST',
      path: '/webhooks/:webhook_id/secrets',
      scope: 'webhooks:write',
      summary: 'Make a new signing secret and let the previous one end; two live at a time',
      audit: 'webhook_secret.create',
      target: webhookTarget,
      details: ({ body }, { id }) => ({ secret_id: id, ...body }),
      body: rotation,
      bodyOptional: true,
      status: 201,
      result: createdSecret,
      location: ({ id }, { webhook_id }) => `/webhooks/${webhook_id}/secrets/${id}`,
      async handle({ params, body: { expires_previous_in = USUAL_OVERLAP_SECONDS }, scopes }) {
        assertMayHoldTokens(scopes, (await webhooks.find(params.webhook_id))?.format);
        const made = await webhooks.addSecret(params.webhook_id, { expiresPreviousIn: expires_previous_in });
        return { ...toWire(made), signing_secret: made.value };
      },
    }),
    route({
      method: 'DELETE',
      path: '/webhooks/:webhook_id/secrets/:secret_id',
      scope: 'webhooks:write',
      summary: 'End the previous signing secret now',
      audit: 'webhook_secret.delete',
      target: webhookTarget,
      status: 204,
      async handle({ params, scopes }) {
        assertMayHoldTokens(scopes, (await webhooks.find(params.webhook_id))?.format);
        await webhooks.removeSecret(params.webhook_id, params.secret_id);
      },
    }),
  ];
}

function toWire({ id, createdAt, expiresAt }: SigningSecret): z.output<typeof secret> {
  return { id, created_at: createdAt.toISOString(), expires_at: expiresAt?.toISOString() ?? null };
}
