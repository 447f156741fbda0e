/** Webhooks as administrators see them: by HTTP. */
import { randomBytes } from 'node:crypto';
import { createServer, type IncomingHttpHeaders, type RequestListener } from 'node:http';
import type { AddressInfo } from 'node:net';
import { text } from 'node:stream/consumers';
import { afterAll, beforeAll } from '@jest/globals';
import { type AdminApi, type ApiResponse, adminApi, registerMachine } from '../support/clients.ts';
import type { Engine } from '../support/database.ts';
import { eventually } from '../support/eventually.ts';
import { type Server, startServer } from '../support/server.ts';
import { remember } from '../support/vault.ts';

/** Nobody is there, and nothing is sent until something happens: for what is only stored. */
export const NOWHERE = 'http://127.0.0.1:9/hook';
export const NOBODY = '00000000-0000-4000-8000-000000000000';

export interface Received {
  readonly headers: IncomingHttpHeaders;
  readonly body: any;
}

export interface Target {
  readonly url: string;
  readonly received: Received[];
  /** What it answers from now on: 200 at first. */
  status: number;
}

export interface World {
  readonly server: Server;
  readonly api: AdminApi;
  readonly target: Target;
  /** A webhook for `webhook.paused`, which never happens here, unless `overrides` say otherwise. */
  make(overrides?: object): Promise<any>;
  /** The admin API as somebody has it who holds this scope. */
  holding(scope: string): Promise<AdminApi>;
}

/** For a describe block: a server, its admin API and somebody who receives. */
export function withWebhooks(engine: Engine): () => World {
  let started: World | undefined;
  const target = withTarget();
  beforeAll(async () => {
    const server = await startServer({ engine });
    const api = await adminApi(server);
    started = {
      server,
      api,
      target,
      async make(overrides = {}) {
        const wanted = { url: NOWHERE, format: 'event', events: ['webhook.paused'], ...overrides };
        const { status, body } = await api.post('/webhooks', wanted);
        if (status !== 201) throw new Error(`no webhook: ${status} ${JSON.stringify(body)}`);
        return body;
      },
      async holding(scope) {
        return adminApi({ url: server.url, admin: await registerMachine(api, scope) }, scope);
      },
    };
  });
  return () => {
    if (!started) throw new Error('the server has not started');
    return started;
  };
}

function withTarget(): Target {
  const received: Received[] = [];
  const answer: RequestListener = async (req, res) => {
    received.push({ headers: req.headers, body: parsed(await text(req)) });
    res.writeHead(target.status).end('thank you');
  };
  const listening = createServer(answer);
  const target = {
    status: 200,
    received,
    get url() {
      return `http://127.0.0.1:${(listening.address() as AddressInfo).port}/hook`;
    },
  };
  beforeAll(() => new Promise<void>((resolve) => listening.listen(0, '127.0.0.1', resolve)));
  afterAll(() => {
    listening.closeAllConnections();
    listening.close();
  });
  return target;
}

function parsed(body: string): unknown {
  return body === '' ? undefined : JSON.parse(body);
}

/** The delivery, when it is over. */
export async function finished({ api }: World, webhookId: string, deliveryId: string): Promise<any> {
  let answer: ApiResponse | undefined;
  await eventually(async () => {
    answer = await api.get(`/webhooks/${webhookId}/deliveries/${deliveryId}`);
    return answer.body.status !== 'pending';
  }, 10_000);
  return answer?.body;
}

/** What an administrator would make up, and must find nowhere again. */
export function newSharedSecret(): string {
  const secret = randomBytes(16).toString('hex');
  remember(secret);
  return secret;
}

export const faultsOf = ({ body }: ApiResponse): string[] => body.errors.map(({ path }: { path: string }) => path);
