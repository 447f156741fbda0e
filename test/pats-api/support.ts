/** Personal access tokens as programs and people use them: by HTTP. */
import { beforeAll } from '@jest/globals';
import {
  type AdminApi,
  type ApiResponse,
  adminApi,
  type RegisteredApi,
  type RegisteredUser,
  registerApi,
  registerUser,
} from '../support/clients.ts';
import type { Engine } from '../support/database.ts';
import { observedFetch } from '../support/http.ts';
import { authenticate, type SignedIn } from '../support/people.ts';
import { type Server, startServer } from '../support/server.ts';
import { remember } from '../support/vault.ts';

export const OWN_API = 'urn:mintmark:api';

export interface World {
  readonly server: Server;
  readonly api: AdminApi;
  readonly things: RegisteredApi;
}

/** For a describe block: one server, its admin API, and an API called Things. */
export function withPats(engine: Engine, env: Record<string, string> = {}): () => World {
  let started: World | undefined;
  beforeAll(async () => {
    const server = await startServer({ engine, env });
    const api = await adminApi(server);
    started = { server, api, things: await registerApi(api) };
  });
  return () => {
    if (!started) throw new Error('the server has not started');
    return started;
  };
}

export interface Person {
  readonly user: RegisteredUser;
  readonly session: SignedIn;
  /** Asks for a personal access token, whatever comes of it. */
  ask(body: object): Promise<ApiResponse>;
  /** Makes one for Things, unless `overrides` say otherwise. */
  make(overrides?: object): Promise<any>;
}

export async function somebody({ server, api, things }: World, overrides: object = {}): Promise<Person> {
  const user = await registerUser(api, overrides);
  const session = await authenticate(server, user);
  const ask = async (body: object) => {
    const answer = await session.call('POST', '/me/pats', body);
    if (answer.body?.token) remember(answer.body.token);
    return answer;
  };
  return {
    user,
    session,
    ask,
    async make(wanted = {}) {
      const { status, body } = await ask({
        name: 'Script',
        scopes: ['things:read'],
        audience: things.identifier,
        ...wanted,
      });
      if (status !== 201) throw new Error(`no token: ${status} ${JSON.stringify(body)}`);
      return body;
    },
  };
}

/** One for the owner's own account here. */
export const makeOwn = (person: Person, ...scopes: string[]): Promise<any> =>
  person.make({ audience: OWN_API, scopes });

/** A request with these headers and no others. */
export async function request(
  { server }: { readonly server: Pick<Server, 'url'> },
  method: string,
  path: string,
  { headers = {}, body }: { headers?: Record<string, string>; body?: unknown } = {},
): Promise<ApiResponse> {
  const response = await observedFetch(`${server.url}/api/v1${path}`, {
    method,
    headers: { ...headers, ...(body === undefined ? {} : { 'content-type': 'application/json' }) },
    ...(body === undefined ? {} : { body: JSON.stringify(body) }),
  });
  const text = await response.text();
  return { status: response.status, headers: response.headers, body: text ? JSON.parse(text) : undefined };
}

export const bearer = (token: string) => ({ authorization: `Bearer ${token}` });

/** The same value with another last character: the checksum is wrong. */
export const mistyped = (token: string): string => token.slice(0, -1) + (token.endsWith('A') ? 'B' : 'A');
