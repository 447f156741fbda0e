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
export async function send(
  { server, api }: { server: Server; api: Pick<AdminApi, 'token'> },
  path: string,
  init: RequestInit,
) {
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

export interface Recorded {
  readonly id: string;
  readonly at: string;
  readonly actor: string;
  readonly action: string;
  readonly target: string | null;
  readonly outcome: string;
  readonly reason: string | null;
  readonly data: Record<string, unknown>;
}

/** A page of the audit log, newest first. */
export async function auditLog({ api }: Administration, query: Record<string, string> = {}): Promise<Recorded[]> {
  const { status, body } = await api.get(`/audit?${new URLSearchParams(query)}`);
  if (status !== 200) throw new Error(`no audit log: ${status} ${JSON.stringify(body)}`);
  return body.items;
}
