/** A server with webhooks that are received, and something for them to hear of. */
import { randomBytes } from 'node:crypto';
import { beforeAll } from '@jest/globals';
import { granted, refreshed, token } from '../endpoints/protocol.ts';
import {
  type AdminApi,
  type ApiResponse,
  adminApi,
  type RegisteredClient,
  registerClient,
  registerUser,
} from '../support/clients.ts';
import type { Engine } from '../support/database.ts';
import { eventually } from '../support/eventually.ts';
import { type Server, startServer } from '../support/server.ts';
import { remember } from '../support/vault.ts';
import { type Inbox, type Receipt, type Receiver, withReceiver } from './receiver.ts';

/** What takes longest is a turn that another instance has to notice. */
export const SOON_MS = 15_000;

export interface Hook {
  readonly id: string;
  readonly inbox: Inbox;
  /** As the API shows it now. */
  look(): Promise<any>;
  change(members: object): Promise<ApiResponse>;
  /** Newest first, without samples. */
  deliveries(status?: string): Promise<any[]>;
  /** The log of one. */
  delivery(id: string): Promise<any>;
  redeliver(id: string): Promise<ApiResponse>;
  /** Waits until it received so many. */
  received(count: number): Promise<readonly Receipt[]>;
  /** Waits until nothing is pending any more. */
  settled(): Promise<any[]>;
}

export interface World {
  readonly server: Server;
  readonly api: AdminApi;
  readonly receiver: Receiver;
  /** One that hears `client.updated`, unless `overrides` say otherwise. */
  hook(overrides?: object): Promise<Hook>;
  /** Something that can be changed, which is an event each time. */
  client(): Promise<RegisteredClient>;
  change(client: RegisteredClient): Promise<void>;
}

/** For a describe block. */
export function withWorld(engine: Engine): () => World {
  const receiver = withReceiver();
  let world: World | undefined;
  beforeAll(async () => {
    const server = await startServer({ engine });
    world = await worldOf(server, receiver);
  }, 60_000);
  return () => {
    if (!world) throw new Error('the server has not started');
    return world;
  };
}

export async function worldOf(server: Server, receiver: Receiver): Promise<World> {
  const api = await adminApi(server);
  return {
    server,
    api,
    receiver,
    hook: (overrides = {}) => makeHook(api, receiver, overrides),
    client: () => registerClient(api),
    async change({ client_id }) {
      const { status } = await api.patch(`/clients/${client_id}`, { client_name: randomBytes(6).toString('hex') });
      if (status !== 200) throw new Error(`not changed: ${status}`);
    },
  };
}

async function makeHook(api: AdminApi, receiver: Receiver, overrides: object): Promise<Hook> {
  const inbox = receiver.inbox();
  const wanted = { url: inbox.url, format: 'event', events: ['client.updated'], ...overrides };
  const { status, body: made } = await api.post('/webhooks', wanted);
  if (status !== 201) throw new Error(`no webhook: ${status} ${JSON.stringify(made)}`);
  inbox.trust(made.signing_secret);
  const path = `/webhooks/${made.id}`;
  const deliveries = async (wantedStatus?: string) => {
    const { body } = await api.get(`${path}/deliveries?limit=500${wantedStatus ? `&status=${wantedStatus}` : ''}`);
    return body.items.filter(({ type }: { type: string }) => type !== 'webhook.test');
  };
  return {
    id: made.id,
    inbox,
    look: async () => (await api.get(path)).body,
    change: (members) => api.patch(path, members),
    deliveries,
    delivery: async (id) => (await api.get(`${path}/deliveries/${id}`)).body,
    redeliver: (id) => api.post(`${path}/deliveries/${id}/redeliver`),
    async received(count) {
      await eventually(() => inbox.receipts.length >= count, SOON_MS);
      return inbox.receipts;
    },
    async settled() {
      await eventually(async () => (await deliveries('pending')).length === 0, SOON_MS);
      return deliveries();
    },
  };
}

/** Makes one succeed, so that it is trusted with several requests at a time; what it received meanwhile is forgotten. */
export async function provedGood({ api }: World, hook: Hook): Promise<void> {
  await api.post(`/webhooks/${hook.id}/test`);
  await eventually(async () => (await hook.look()).last_success_at !== null, SOON_MS);
  (hook.inbox.receipts as Receipt[]).length = 0;
}

export interface Family {
  readonly userId: string;
  /** Refresh tokens in the order in which they were handed out. */
  readonly tokens: readonly string[];
  refresh(at?: Server): Promise<void>;
}

export const FAMILY_CLIENT = {
  scope: 'openid',
  first_party: true,
  grant_types: ['authorization_code', 'refresh_token', 'password'],
  refresh_token_grace: 0,
};

/** Somebody's tokens. Each refresh is an event of that user, and names the one before it: its place is known. */
export async function family({ server, api }: World, app: RegisteredClient): Promise<Family> {
  const { username, password, id } = await registerUser(api);
  const asked = { grant_type: 'password', username, password, scope: 'openid' };
  const tokens: string[] = [granted(await token(server, asked, { as: app })).refresh_token];
  return {
    userId: id,
    tokens,
    async refresh(at = server) {
      tokens.push(granted(await refreshed(at, tokens.at(-1) ?? '', app)).refresh_token);
    },
  };
}

export function newSharedSecret(): string {
  const secret = randomBytes(16).toString('hex');
  remember(secret);
  return secret;
}
