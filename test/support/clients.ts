/** The admin API as tests use it, and ready-made clients, APIs and users under random names. */
import { randomBytes } from 'node:crypto';
import { basic, observedFetch } from './http.ts';
import type { Server } from './server.ts';
import { rememberMembers } from './vault.ts';

export interface ApiResponse {
  readonly status: number;
  readonly headers: Headers;
  /** What a test expects of it, it says in its assertions. */
  readonly body: any;
}

export interface AdminApi {
  readonly token: string;
  get(path: string): Promise<ApiResponse>;
  post(path: string, body?: unknown): Promise<ApiResponse>;
  patch(path: string, body: unknown): Promise<ApiResponse>;
  delete(path: string): Promise<ApiResponse>;
}

/** @param scope narrower than `admin` to test what it does not allow */
export async function adminApi(server: Pick<Server, 'url' | 'admin'>, scope = 'admin'): Promise<AdminApi> {
  const answer = await observedFetch(`${server.url}/oauth/token`, {
    method: 'POST',
    headers: { authorization: basic(server.admin.client_id, server.admin.client_secret) },
    body: new URLSearchParams({ grant_type: 'client_credentials', scope }),
  });
  const { access_token: token, ...rest } = (await answer.json()) as Record<string, string>;
  if (!token) throw new Error(`no admin token: ${answer.status} ${JSON.stringify(rest)}`);

  async function call(method: string, path: string, body?: unknown): Promise<ApiResponse> {
    rememberMembers(body);
    const response = await observedFetch(`${server.url}/api/v1${path}`, {
      method,
      headers: {
        authorization: `Bearer ${token}`,
        ...(body === undefined ? {} : { 'content-type': 'application/json' }),
      },
      ...(body === undefined ? {} : { body: JSON.stringify(body) }),
    });
    const text = await response.text();
    return { status: response.status, headers: response.headers, body: text ? JSON.parse(text) : undefined };
  }

  return {
    token,
    get: (path) => call('GET', path),
    post: (path, body) => call('POST', path, body),
    patch: (path, body) => call('PATCH', path, body),
    delete: (path) => call('DELETE', path),
  };
}

/** Nobody answers there, and nothing needs to: the callback URL is read from the redirect. */
export const REDIRECT_URI = 'https://app.example/callback';

export interface RegisteredClient {
  readonly client_id: string;
  /** Empty for a public client. */
  readonly client_secret: string;
  readonly [member: string]: unknown;
}

/** A confidential web application for code and refresh, unless `overrides` say otherwise. */
export async function registerClient(api: AdminApi, overrides: object = {}): Promise<RegisteredClient> {
  return created(api, '/clients', {
    client_name: `Client ${random()}`,
    redirect_uris: [REDIRECT_URI],
    grant_types: ['authorization_code', 'refresh_token'],
    response_types: ['code'],
    scope: 'openid profile email offline_access',
    token_endpoint_auth_method: 'client_secret_basic',
    ...overrides,
  });
}

/** A machine client: client credentials only, for these scopes. */
export function registerMachine(api: AdminApi, scope: string, overrides: object = {}): Promise<RegisteredClient> {
  const machine = { redirect_uris: [], grant_types: ['client_credentials'], response_types: [], scope };
  return registerClient(api, { ...machine, ...overrides });
}

export interface RegisteredApi {
  readonly identifier: string;
  readonly [member: string]: unknown;
}

/** An API with the scopes `things:read` and `things:write` and opaque tokens, unless `overrides` say otherwise. */
export async function registerApi(api: AdminApi, overrides: object = {}): Promise<RegisteredApi> {
  return created(api, '/apis', {
    identifier: `https://api.example/${random()}`,
    name: 'Things',
    scopes: [
      { name: 'things:read', description: 'See your things' },
      { name: 'things:write', description: 'Change your things' },
    ],
    access_token_format: 'opaque',
    ...overrides,
  });
}

export interface RegisteredUser {
  readonly id: string;
  readonly username: string;
  readonly password: string;
  readonly [member: string]: unknown;
}

export async function registerUser(api: AdminApi, overrides: object = {}): Promise<RegisteredUser> {
  const username = `ann-${random()}`;
  const wanted = {
    username,
    email: `${username}@example.com`,
    name: 'Ann Example',
    password: random(18),
    ...overrides,
  };
  return { ...(await created<RegisteredUser>(api, '/users', wanted)), password: wanted.password };
}

async function created<T>(api: AdminApi, path: string, wanted: object): Promise<T> {
  const { status, body } = await api.post(path, wanted);
  if (status !== 201) throw new Error(`POST ${path}: ${status} ${JSON.stringify(body)}`);
  return body as T;
}

function random(bytes = 6): string {
  return randomBytes(bytes).toString('hex');
}
