import { beforeAll } from '@jest/globals';
import { type AdminApi, adminApi } from '../support/clients.ts';
import type { Engine } from '../support/database.ts';
import { observedFetch } from '../support/http.ts';
import { type Server, startServer } from '../support/server.ts';

export interface Administration {
  readonly server: Server;
  readonly api: AdminApi;
}

/** For a describe block: a server and its admin API. */
export function withAdministration(engine: Engine): () => Administration {
  let started: Administration | undefined;
  beforeAll(async () => {
    const server = await startServer({ engine });
    started = { server, api: await adminApi(server) };
  });
  return () => {
    if (!started) throw new Error('the server has not started');
    return started;
  };
}

/** A request that the well-behaved `AdminApi` would not send. */
export async function send({ server, api }: Administration, path: string, init: RequestInit) {
  const headers = { authorization: `Bearer ${api.token}`, 'content-type': 'application/json', ...init.headers };
  const response = await observedFetch(`${server.url}/api/v1${path}`, { method: 'POST', ...init, headers });
  const type = response.headers.get('content-type') ?? '';
  const body: any = /json/.test(type) ? await response.json() : await response.text();
  return { status: response.status, headers: response.headers, type, body };
}

/** The answer of the token endpoint to a client that authenticates with `secret`. */
export async function tokenStatus({ server }: Administration, clientId: string, secret: string): Promise<number> {
  const authorization = `Basic ${Buffer.from(`${clientId}:${secret}`).toString('base64')}`;
  const body = new URLSearchParams({ grant_type: 'client_credentials' });
  return (await observedFetch(`${server.url}/oauth/token`, { method: 'POST', headers: { authorization }, body }))
    .status;
}
