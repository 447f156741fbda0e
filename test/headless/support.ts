/** Servers for headless sign-ins, people under policies of their own, and the shortest way through a sign-in. */
import { randomBytes } from 'node:crypto';
import { beforeAll, expect } from '@jest/globals';
import { type AdminApi, type ApiResponse, adminApi, type RegisteredUser, registerUser } from '../support/clients.ts';
import type { Engine } from '../support/database.ts';
import { authenticate, callApi, enrollTotp } from '../support/people.ts';
import { type Server, startServer } from '../support/server.ts';
import { remember } from '../support/vault.ts';

export interface Headless {
  readonly server: Server;
  readonly api: AdminApi;
}

/** For a describe block: one server and its admin API. */
export function withHeadless(engine: Engine, env: Record<string, string> = {}): () => Headless {
  let started: Headless | undefined;
  beforeAll(async () => {
    const server = await startServer({ engine, env });
    started = { server, api: await adminApi(server) };
  });
  return () => {
    if (!started) throw new Error('the server has not started');
    return started;
  };
}

/** A user under a policy that is theirs alone: changing it changes nobody else's tests. */
export async function personUnder(
  { api }: Headless,
  settings: object = {},
  overrides: object = {},
): Promise<RegisteredUser & { readonly policyId: string }> {
  const name = `policy ${randomBytes(6).toString('hex')}`;
  const { status, body } = await api.post('/auth-policies', { name, ...settings });
  if (status !== 201) throw new Error(`no policy: ${status} ${JSON.stringify(body)}`);
  const user = await registerUser(api, { policy_id: body.id, ...overrides });
  return { ...user, policyId: body.id };
}

export async function personWithTotp(headless: Headless, settings: object = {}) {
  const user = await personUnder(headless, settings);
  const enrolled = await enrollTotp(headless.server, user);
  for (const code of enrolled.recoveryCodes) remember(code);
  return { ...user, ...enrolled };
}

/** A first proof, whatever comes of it. */
export async function prove(server: Pick<Server, 'url'>, body: object): Promise<ApiResponse> {
  const answer = await callApi(server, 'POST', '/authenticate', { body });
  if (answer.status === 200) remember(answer.body.session_token);
  return answer;
}

export const passwordOf = ({ username, password }: RegisteredUser) => ({ method: 'password', username, password });

/** A partial sign-in. */
export async function begin(server: Pick<Server, 'url'>, user: RegisteredUser) {
  const session = await authenticate(server, user);
  expect(session.state).toBe('partial');
  return session;
}

export async function fullSession(server: Pick<Server, 'url'>, user: RegisteredUser) {
  const session = await authenticate(server, user);
  expect({ state: session.state, queries: session.queries }).toEqual({ state: 'full', queries: [] });
  return session;
}

export const typesOf = (queries: readonly { type: string }[]): string[] => queries.map(({ type }) => type).sort();

/** What a problem says, without what differs from one request to the next. */
export const essence = ({ status, headers, body }: ApiResponse) => {
  const { date: _, 'x-request-id': __, ...rest } = Object.fromEntries(headers);
  return { status, body, headers: rest };
};

/** How a token that opens nothing is refused. */
export function expectDead({ status, headers }: ApiResponse): void {
  expect({ status, challenge: headers.get('www-authenticate') }).toEqual({
    status: 401,
    challenge: 'Bearer error="invalid_token"',
  });
}
