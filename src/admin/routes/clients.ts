import { z } from 'zod';
import { CLIENT_ID, type Client, type ClientSettings, type Clients, registrationMembers } from '#src/clients/index.ts';
import { accessTokenLifetime, DEFAULT_LIFETIMES } from '#src/oauth/lifetimes.ts';
import { found } from '../found.ts';
import { freeObject, grace, patchOf, seconds, timestamp } from '../members.ts';
import { mergePatch } from '../merge-patch.ts';
import { pageOf, pageQuery, readPage } from '../pages.ts';
import { parse } from '../parse.ts';
import { refuseBeyond } from '../privileges.ts';
import { type AnyRoute, route } from '../route.ts';

const clientId = z.string().regex(CLIENT_ID, 'must be 1 to 128 letters, digits or . _ ~ -');

const settings = {
  ...registrationMembers,
  metadata: freeObject.optional().meta({ description: 'Copied into tokens under client_metadata' }),
  access_token_ttl: seconds().optional(),
  refresh_token_ttl: seconds().optional(),
  refresh_token_grace: grace().optional(),
  first_party: z
    .boolean()
    .optional()
    .meta({ description: 'Ours: its users are not asked for consent', default: false }),
  disabled: z.boolean().optional().meta({ default: false }),
};

const newClient = z.strictObject({ client_id: clientId.optional(), ...settings }).meta({ id: 'NewClient' });
const changedClient = z.strictObject(settings);
const clientPatch = patchOf(settings).meta({ id: 'ClientPatch' });

const effective = z
  .object({
    access_token_ttl: seconds().meta({ description: 'Seconds; an API that says less is obeyed' }),
    refresh_token_ttl: seconds().meta({ description: 'Seconds, anew with each refresh' }),
    refresh_token_absolute_ttl: seconds().meta({ description: 'Seconds from the sign-in, however often refreshed' }),
    refresh_token_grace: grace(),
    authorization_code_ttl: seconds(),
  })
  .meta({ id: 'ClientLifetimes', description: 'What counts: what the client says, else the defaults of this server' });

const client = z
  .object({
    client_id: z.string(),
    ...registrationMembers,
    metadata: z.record(z.string(), z.unknown()),
    access_token_ttl: seconds().nullable(),
    refresh_token_ttl: seconds().nullable(),
    refresh_token_grace: grace().nullable(),
    effective,
    first_party: z.boolean(),
    disabled: z.boolean(),
    created_at: timestamp,
    updated_at: timestamp,
  })
  .meta({ id: 'Client' });

const createdClient = client
  .extend({ client_secret: z.string().optional().meta({ description: 'Shown here and never again' }) })
  .meta({ id: 'CreatedClient' });

const clientPage = pageOf('ClientPage', client);

export function clientRoutes(clients: Clients): AnyRoute[] {
  return [
    route({
      method: 'GET',
      path: '/clients',
      scope: 'clients:read',
      summary: 'List clients',
      query: pageQuery,
      status: 200,
      result: clientPage,
      handle: ({ query }) => readPage(clients.list, query, toWire),
    }),
    route({
      method: 'POST',
      path: '/clients',
      scope: 'clients:write',
      summary: 'Register a client',
      audit: 'client.create',
      target: (_, made) => made && `client:${made.client_id}`,
      body: newClient,
      status: 201,
      result: createdClient,
      location: ({ client_id }) => `/clients/${encodeURIComponent(client_id)}`,
      async handle({ body: { client_id, ...given }, scopes }) {
        refuseBeyond(scopes, given.scope);
        const made = await clients.create({ id: client_id, ...toSettings(given) });
        return { ...toWire(made.client), ...(made.secret !== undefined && { client_secret: made.secret }) };
      },
    }),
    route({
      method: 'GET',
      path: '/clients/:client_id',
      scope: 'clients:read',
      summary: 'Read a client',
      status: 200,
      result: client,
      handle: async ({ params }) => toWire(found('client', await clients.find(params.client_id))),
    }),
    route({
      method: 'PATCH',
      path: '/clients/:client_id',
      scope: 'clients:write',
      summary: 'Change a client',
      audit: 'client.update',
      target: ({ client_id }) => `client:${client_id}`,
      details: ({ body }) => ({ members: Object.keys(body) }),
      body: clientPatch,
      status: 200,
      result: client,
      async handle({ params, body, scopes }) {
        const change = (present: Client) => {
          const changed = parse(changedClient, mergePatch(toEditable(present), body));
          for (const { scope } of [present.registration, changed]) refuseBeyond(scopes, scope);
          return toSettings(changed);
        };
        return toWire(await clients.update(params.client_id, change));
      },
    }),
    route({
      method: 'DELETE',
      path: '/clients/:client_id',
      scope: 'clients:write',
      summary: 'Delete a client',
      audit: 'client.delete',
      target: ({ client_id }) => `client:${client_id}`,
      status: 204,
      async handle({ params, scopes }) {
        refuseBeyond(scopes, (await clients.find(params.client_id))?.registration.scope);
        await clients.remove(params.client_id);
      },
    }),
  ];
}

function toSettings(wire: z.output<typeof changedClient>): ClientSettings {
  const {
    metadata = {},
    access_token_ttl,
    refresh_token_ttl,
    refresh_token_grace,
    first_party = false,
    disabled = false,
    ...registration
  } = wire;
  return {
    registration,
    metadata,
    firstParty: first_party,
    accessTokenTtl: access_token_ttl,
    refreshTokenTtl: refresh_token_ttl,
    refreshTokenGrace: refresh_token_grace,
    disabled,
  };
}

/** The document that a merge patch is applied to. */
function toEditable(present: Client): z.output<typeof changedClient> {
  return {
    ...present.registration,
    metadata: present.metadata,
    access_token_ttl: present.accessTokenTtl,
    refresh_token_ttl: present.refreshTokenTtl,
    refresh_token_grace: present.refreshTokenGrace,
    first_party: present.firstParty,
    disabled: present.disabled,
  };
}

function toWire(present: Client): z.output<typeof client> {
  return {
    client_id: present.id,
    ...present.registration,
    metadata: present.metadata,
    access_token_ttl: present.accessTokenTtl ?? null,
    refresh_token_ttl: present.refreshTokenTtl ?? null,
    refresh_token_grace: present.refreshTokenGrace ?? null,
    effective: {
      access_token_ttl: accessTokenLifetime(present.accessTokenTtl),
      refresh_token_ttl: present.refreshTokenTtl ?? DEFAULT_LIFETIMES.refreshToken,
      refresh_token_absolute_ttl: DEFAULT_LIFETIMES.refreshTokenAbsolute,
      refresh_token_grace: present.refreshTokenGrace ?? DEFAULT_LIFETIMES.refreshTokenGrace,
      authorization_code_ttl: DEFAULT_LIFETIMES.authorizationCode,
    },
    first_party: present.firstParty,
    disabled: present.disabled,
    created_at: present.createdAt.toISOString(),
    updated_at: present.updatedAt.toISOString(),
  };
}
