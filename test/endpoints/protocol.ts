/** The protocol endpoints by plain HTTP, and the shortest way to a token of each kind. */
import { createHash, randomBytes } from 'node:crypto';
import {
  type AdminApi,
  adminApi,
  REDIRECT_URI,
  type RegisteredClient,
  type RegisteredUser,
} from '../support/clients.ts';
import type { Engine } from '../support/database.ts';
import { signIn, visitorFor } from '../support/flow.ts';
import { basic, observedFetch } from '../support/http.ts';
import { type Server, startServer } from '../support/server.ts';
import { remember } from '../support/vault.ts';
import type { Visitor } from '../support/visitor.ts';

export type Parameters = Record<string, string> | [name: string, value: string][];

export interface Answer {
  readonly status: number;
  readonly headers: Headers;
  /** JSON where the answer is JSON, text otherwise. What a test expects of it, it says in its assertions. */
  readonly body: any;
}

export interface Sending {
  /** Authenticates as this client: by Basic, or by its `client_id` alone when it is public. */
  readonly as?: Pick<RegisteredClient, 'client_id' | 'client_secret'>;
  readonly headers?: Record<string, string>;
}

export interface World {
  readonly server: Server;
  readonly admin: AdminApi;
}

export async function startWorld(engine: Engine, env: Record<string, string> = {}): Promise<World> {
  const server = await startServer({ engine, env });
  return { server, admin: await adminApi(server) };
}

export async function read(response: Response): Promise<Answer> {
  const { status, headers } = response;
  const text = await response.text();
  return { status, headers, body: /json/.test(headers.get('content-type') ?? '') ? JSON.parse(text) : text };
}

export async function get(server: Server, path: string, headers: Record<string, string> = {}): Promise<Answer> {
  return read(await observedFetch(server.url + path, { headers, redirect: 'manual' }));
}

/** Posts a form. `accept: * / *`, as programs send it. */
export async function post(server: Server, path: string, parameters: Parameters, how: Sending = {}): Promise<Answer> {
  const body = new URLSearchParams(parameters);
  const headers = { ...how.headers };
  if (how.as?.client_secret) headers.authorization = basic(how.as.client_id, how.as.client_secret);
  else if (how.as) body.set('client_id', how.as.client_id);
  return read(await observedFetch(server.url + path, { method: 'POST', headers, body, redirect: 'manual' }));
}

export const token = (server: Server, parameters: Parameters, how: Sending) =>
  post(server, '/oauth/token', parameters, how);

export async function introspect(server: Server, value: string, as: RegisteredClient, more = {}): Promise<any> {
  const { status, body } = await post(server, '/oauth/introspect', { token: value, ...more }, { as });
  if (status !== 200) throw new Error(`introspection: ${status} ${JSON.stringify(body)}`);
  return body;
}

export const isActive = async (server: Server, value: string, as: RegisteredClient): Promise<boolean> =>
  (await introspect(server, value, as)).active;

export function pkce(): { verifier: string; challenge: string } {
  const verifier = randomBytes(32).toString('base64url');
  return { verifier, challenge: createHash('sha256').update(verifier).digest('base64url') };
}

export function authorizationUrl(server: Server, parameters: Parameters): string {
  return `${server.url}/oauth/authorize?${new URLSearchParams(parameters)}`;
}

export interface Authorization {
  readonly scope?: string;
  readonly resource?: string;
  readonly visitor?: Visitor;
  readonly [parameter: string]: unknown;
}

/** Signs a user in for a client and returns what the code exchange takes. */
export async function authorize(server: Server, app: RegisteredClient, user: RegisteredUser, how: Authorization = {}) {
  const { visitor = visitorFor(REDIRECT_URI), ...asked } = how;
  const { verifier, challenge } = pkce();
  const url = authorizationUrl(server, {
    client_id: app.client_id,
    response_type: 'code',
    redirect_uri: REDIRECT_URI,
    scope: 'openid',
    code_challenge: challenge,
    code_challenge_method: 'S256',
    ...(asked as Record<string, string>),
  });
  const callback = await signIn(url, { ...user, redirectUri: REDIRECT_URI, visitor });
  const code = callback.searchParams.get('code');
  if (!code) throw new Error(`no code in ${callback}`);
  remember(code);
  return { grant_type: 'authorization_code', code, redirect_uri: REDIRECT_URI, code_verifier: verifier };
}

/** The whole authorization code flow. @returns the token response */
export async function signInFor(server: Server, app: RegisteredClient, user: RegisteredUser, how: Authorization = {}) {
  return granted(await token(server, await authorize(server, app, user, how), { as: app }));
}

/** @throws when the answer is not a token response */
export function granted({ status, body }: Answer): any {
  if (status !== 200) throw new Error(`no tokens: ${status} ${JSON.stringify(body)}`);
  return body;
}

export const refreshed = (server: Server, refreshToken: string, as: RegisteredClient, more = {}) =>
  token(server, { grant_type: 'refresh_token', refresh_token: refreshToken, ...more }, { as });
