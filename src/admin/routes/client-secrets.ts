import { z } from 'zod';
import type { ClientSecret, Clients } from '#src/clients/index.ts';
import { timestamp } from '../members.ts';
import { refuseBeyond } from '../privileges.ts';
import { type AnyRoute, route } from '../route.ts';

/** A rollout that takes longer than this is not one. */
const LONGEST_OVERLAP_SECONDS = 2_592_000;

const rotation = z
  .strictObject({
    expires_previous_in: z
      .int()
      .min(0)
      .max(LONGEST_OVERLAP_SECONDS)
      .optional()
      .meta({ default: 0, description: 'Seconds until the secrets before this one end; 0: now' }),
  })
  .meta({ id: 'SecretRotation' });

const secret = z
  .object({
    id: z.string(),
    created_at: timestamp,
    expires_at: timestamp.nullable(),
    last_used_at: timestamp.nullable().meta({ description: 'To the minute or two; null: never' }),
  })
  .meta({ id: 'ClientSecret' });

const createdSecret = secret
  .extend({ client_secret: z.string().meta({ description: 'Shown here and never again' }) })
  .meta({ id: 'CreatedClientSecret' });

const secrets = z.object({ items: z.array(secret), next_cursor: z.null() }).meta({ id: 'ClientSecrets' });

export function clientSecretRoutes(clients: Clients): AnyRoute[] {
  return [
    route({
      method: 'GET',
      path: '/clients/:client_id/secrets',
      scope: 'clients:read',
      summary: 'List the secrets of a client, without their values',
      status: 200,
      result: secrets,
      async handle({ params }) {
        return { items: (await clients.listSecrets(params.client_id)).map(toWire), next_cursor: null };
      },
    }),
    route({
      method: 'POST',
      path: '/clients/:client_id/secrets',
      scope: 'clients:write',
      summary: 'Make a new secret and let the previous ones end; two live at a time',
      audit: 'client_secret.create',
      target: ({ client_id }) => `client:${client_id}`,
      details: ({ body }, { id }) => ({ secret_id: id, ...body }),
      body: rotation,
      bodyOptional: true,
      status: 201,
      result: createdSecret,
      location: ({ id }, { client_id }) => `/clients/${encodeURIComponent(client_id)}/secrets/${id}`,
      async handle({ params, body: { expires_previous_in = 0 }, scopes }) {
        refuseBeyond(scopes, (await clients.find(params.client_id))?.registration.scope);
        const made = await clients.addSecret(params.client_id, { expiresPreviousIn: expires_previous_in });
        return { ...toWire(made), client_secret: made.secret };
      },
    }),
    route({
      method: 'DELETE',
      path: '/clients/:client_id/secrets/:secret_id',
      scope: 'clients:write',
      summary: 'End a secret now',
      audit: 'client_secret.delete',
      target: ({ client_id }) => `client:${client_id}`,
      status: 204,
      async handle({ params, scopes }) {
        refuseBeyond(scopes, (await clients.find(params.client_id))?.registration.scope);
        await clients.removeSecret(params.client_id, params.secret_id);
      },
    }),
  ];
}

function toWire({ id, createdAt, expiresAt, lastUsedAt }: ClientSecret): z.output<typeof secret> {
  return {
    id,
    created_at: createdAt.toISOString(),
    expires_at: expiresAt?.toISOString() ?? null,
    last_used_at: lastUsedAt?.toISOString() ?? null,
  };
}
