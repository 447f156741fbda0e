/** The engine as it is installed, without anything of ours around it, on a memory that notes what the engine asks of it. */
import { createServer, type RequestListener, type Server } from 'node:http';
import type { AddressInfo } from 'node:net';
import { afterAll } from '@jest/globals';
import { exportJWK, generateKeyPair } from 'jose';
import Koa, { type Middleware } from 'koa';
import Provider, { type Adapter, type AdapterPayload, type Configuration } from 'oidc-provider';
import { basic } from '../support/http.ts';

export interface Call {
  readonly model: string;
  readonly method: string;
  readonly id: string;
  readonly payload?: AdapterPayload;
}

export const CLIENT = { client_id: 'client', client_secret: 'secret' };
export const REDIRECT_URI = 'https://app.example/callback';
export const API = 'https://api.example/';

/** Over HTTP through this app, for tests that need the protocol. */
export interface BareEngine {
  readonly provider: Provider;
  readonly url: string;
  readonly calls: Call[];
  /** What lies in memory, by model and id. */
  readonly rows: Map<string, AdapterPayload>;
  post(
    path: string,
    parameters: Record<string, string>,
    headers?: Record<string, string>,
  ): Promise<{ status: number; body: any }>;
}

/** Said so that the engine does not remark that it was not. */
const TTL = Object.fromEntries(
  [
    'AccessToken',
    'AuthorizationCode',
    'ClientCredentials',
    'DeviceCode',
    'Grant',
    'IdToken',
    'Interaction',
    'RefreshToken',
    'Session',
  ].map((model) => [model, 600]),
);

const servers: Server[] = [];
afterAll(() => {
  for (const server of servers.splice(0)) server.close().closeAllConnections();
});

export interface Bare {
  readonly configuration?: Configuration;
  readonly client?: object;
  /** Before the engine: what ours puts there. */
  readonly before?: Middleware[];
  /** Changes the memory of a model. */
  readonly adapter?: (model: string, memory: Adapter) => Adapter;
  readonly prepare?: (provider: Provider) => void;
}

export async function bareEngine({
  configuration,
  client,
  before = [],
  adapter,
  prepare,
}: Bare = {}): Promise<BareEngine> {
  const calls: Call[] = [];
  const rows = new Map<string, AdapterPayload>();
  const key = await generateKeyPair('RS256', { extractable: true });
  // The engine signs its cookies with the app that it runs in, and reads them at interactions with its own keys.
  const app = new Koa({ keys: ['test'] });
  let handle: RequestListener | undefined;
  const server = createServer((request, response) => handle?.(request, response));
  servers.push(server);
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  const url = `http://127.0.0.1:${(server.address() as AddressInfo).port}`;

  const memoryOf = (model: string) => noting(model, calls, rows);
  const provider = new Provider(url, {
    adapter: (model: string) => adapter?.(model, memoryOf(model)) ?? memoryOf(model),
    jwks: { keys: [{ ...(await exportJWK(key.privateKey)), kid: 'k', alg: 'RS256', use: 'sig' }] } as never,
    clients: [
      {
        ...CLIENT,
        redirect_uris: [REDIRECT_URI],
        grant_types: ['authorization_code', 'refresh_token', 'client_credentials'],
        response_types: ['code'],
        ...client,
      } as never,
    ],
    cookies: { keys: ['test'] },
    findAccount: (_ctx, id) => ({ accountId: id, claims: () => ({ sub: id }) }),
    ...configuration,
    ttl: TTL,
    features: {
      devInteractions: { enabled: false },
      clientCredentials: { enabled: true },
      introspection: { enabled: true, allowedPolicy: () => true },
      revocation: { enabled: true, allowedPolicy: () => true },
      resourceIndicators: {
        enabled: true,
        getResourceServerInfo: () => ({ scope: 'read', audience: API, accessTokenFormat: 'jwt' }) as never,
      },
      ...configuration?.features,
    } as NonNullable<Configuration['features']>,
  });
  prepare?.(provider);
  for (const middleware of [...before, ...(provider as unknown as { middleware: Middleware[] }).middleware]) {
    app.use(middleware);
  }
  handle = app.callback();
  return {
    provider,
    url,
    calls,
    rows,
    async post(path, parameters, headers = { authorization: basic(CLIENT.client_id, CLIENT.client_secret) }) {
      const body = new URLSearchParams(parameters);
      const response = await fetch(url + path, { method: 'POST', headers, body, redirect: 'manual' });
      const text = await response.text();
      return { status: response.status, body: text.startsWith('{') ? JSON.parse(text) : text };
    },
  };
}

function noting(model: string, calls: Call[], rows: Map<string, AdapterPayload>): Adapter {
  const note = (method: string, id: string, payload?: AdapterPayload) => {
    calls.push({ model, method, id, ...(payload && { payload }) });
    return `${model}:${id}`;
  };
  const all = () => [...rows].filter(([name]) => name.startsWith(`${model}:`)).map(([, row]) => row);
  return {
    upsert: async (id, payload) => {
      rows.set(note('upsert', id, payload), payload);
    },
    find: async (id) => rows.get(note('find', id)),
    findByUid: async (uid) => {
      note('findByUid', uid);
      return all().find((row) => row.uid === uid);
    },
    findByUserCode: async (userCode) => {
      note('findByUserCode', userCode);
      return all().find((row) => row.userCode === userCode);
    },
    consume: async (id) => {
      const name = note('consume', id);
      rows.set(name, { ...rows.get(name), consumed: true as never });
    },
    destroy: async (id) => {
      rows.delete(note('destroy', id));
    },
    revokeByGrantId: async (id) => {
      note('revokeByGrantId', id);
    },
  };
}
