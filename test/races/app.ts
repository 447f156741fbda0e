/** A confidential app with a user, driven by plain requests so that many can be sent at the same instant. */
import { createHash, randomBytes } from 'node:crypto';
import { REDIRECT_URI, type RegisteredClient, type RegisteredUser } from '../support/clients.ts';
import { signIn, visitorFor } from '../support/flow.ts';
import { basic, observedFetch } from '../support/http.ts';
import type { Server } from '../support/server.ts';

export type App = RegisteredClient & { readonly user: RegisteredUser };

export interface Code {
  readonly code: string;
  readonly verifier: string;
}

export interface Answer {
  readonly status: number;
  readonly body: any;
}

export function authorizationUrl(
  server: Server,
  app: App,
  { scope = 'openid', verifier = randomBytes(32).toString('base64url'), ...more }: Record<string, string> = {},
): string {
  const url = new URL(`${server.issuer}/oauth/authorize`);
  url.search = new URLSearchParams({
    client_id: app.client_id,
    response_type: 'code',
    redirect_uri: REDIRECT_URI,
    scope,
    code_challenge: createHash('sha256').update(verifier).digest('base64url'),
    code_challenge_method: 'S256',
    ...more,
  }).toString();
  return url.href;
}

/** Signs the app's user in and returns the code its redirect URI would get. */
export async function codeFor(
  server: Server,
  app: App,
  scope = 'openid things:read',
  visitor = visitorFor(REDIRECT_URI),
): Promise<Code> {
  const verifier = randomBytes(32).toString('base64url');
  const url = authorizationUrl(server, app, { scope, verifier });
  const callback = await signIn(url, { ...app.user, redirectUri: REDIRECT_URI, visitor });
  const code = callback.searchParams.get('code');
  if (!code) throw new Error(`no code: ${callback.search}`);
  return { code, verifier };
}

export function exchange(server: Server, app: App, { code, verifier }: Code): Promise<Answer> {
  return post(server, '/oauth/token', app, {
    grant_type: 'authorization_code',
    code,
    redirect_uri: REDIRECT_URI,
    code_verifier: verifier,
  });
}

export async function post(server: Server, path: string, app: App, form: Record<string, string>): Promise<Answer> {
  const response = await observedFetch(server.url + path, {
    method: 'POST',
    headers: { authorization: basic(app.client_id, app.client_secret) },
    body: new URLSearchParams(form),
  });
  const text = await response.text();
  return { status: response.status, body: text ? JSON.parse(text) : undefined };
}

export async function introspect(server: Server, app: App, token: string): Promise<{ active: boolean }> {
  return (await post(server, '/oauth/introspect', app, { token })).body;
}
