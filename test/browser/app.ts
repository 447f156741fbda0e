/** A relying party at a loopback port, where the browser really lands. Its protocol half is openid-client. */
import { once } from 'node:events';
import { createServer, type IncomingMessage, type Server } from 'node:http';
import type { AddressInfo } from 'node:net';
import { text } from 'node:stream/consumers';
import { afterAll } from '@jest/globals';
import * as client from 'openid-client';
import { configure } from '../flows/relying-party.ts';
import { type AdminApi, type RegisteredClient, registerClient } from '../support/clients.ts';
import type { Server as Mintmark } from '../support/server.ts';

export interface App {
  readonly origin: string;
  readonly redirectUri: string;
  readonly goodbyeUri: string;
  readonly registered: RegisteredClient;
  readonly config: client.Configuration;
  /** An authorization request with PKCE. */
  authorize(parameters?: Record<string, string>): Promise<Authorization>;
  /** The newest request at the callback, and what it brought in query and body together. */
  arrival(): Arrival;
  /** Serves another page of the app, as an attacker's site would. @returns its address */
  publish(path: string, html: string): string;
}

export interface Authorization {
  readonly url: string;
  readonly state: string;
  /** Exchanges the code that arrived last. */
  exchange(): Promise<Tokens>;
}

export type Tokens = Awaited<ReturnType<typeof client.authorizationCodeGrant>>;

export interface Arrival {
  readonly method: string;
  readonly parameters: URLSearchParams;
  readonly request: Request;
}

const listeners: Server[] = [];

afterAll(() => {
  for (const listener of listeners.splice(0)) {
    listener.closeAllConnections();
    listener.close();
  }
});

const PAGE = (words: string) =>
  `<!doctype html><html lang="en"><title>The app</title><link rel="icon" href="data:,"><h1>${words}</h1>`;

/** @param overrides members of the client's registration */
export async function openApp(
  server: Mintmark,
  admin: AdminApi,
  overrides: Record<string, unknown> = {},
): Promise<App> {
  const arrivals: Arrival[] = [];
  const published = new Map([['/goodbye', PAGE('Goodbye')]]);
  const listener = createServer(async (request, response) => {
    const { pathname } = new URL(request.url ?? '/', origin);
    if (pathname === '/callback') arrivals.push(await toArrival(request, origin));
    response.setHeader('content-type', 'text/html').end(published.get(pathname) ?? PAGE('Welcome back'));
  });
  await once(listener.listen(0, '127.0.0.1'), 'listening');
  const origin = `http://127.0.0.1:${(listener.address() as AddressInfo).port}`;
  listeners.push(listener);

  const redirectUri = `${origin}/callback`;
  const goodbyeUri = `${origin}/goodbye`;
  const uris = { redirect_uris: [redirectUri], post_logout_redirect_uris: [goodbyeUri] };
  const registered = await registerClient(admin, { ...uris, ...overrides });
  const config = await configure(server, registered);

  const arrival = () => {
    const last = arrivals.at(-1);
    if (!last) throw new Error('nobody came to the callback');
    return last;
  };

  return {
    origin,
    redirectUri,
    goodbyeUri,
    registered,
    config,
    arrival,
    async authorize(parameters = {}) {
      const [pkceCodeVerifier, state] = [client.randomPKCECodeVerifier(), client.randomState()];
      const url = client.buildAuthorizationUrl(config, {
        redirect_uri: redirectUri,
        scope: 'openid profile',
        code_challenge: await client.calculatePKCECodeChallenge(pkceCodeVerifier),
        code_challenge_method: 'S256',
        state,
        ...parameters,
      });
      const exchange = () =>
        client.authorizationCodeGrant(config, arrival().request, { pkceCodeVerifier, expectedState: state });
      return { url: url.href, state, exchange };
    },
    publish(path, html) {
      published.set(path, html);
      return `${origin}${path}`;
    },
  };
}

async function toArrival(request: IncomingMessage, origin: string): Promise<Arrival> {
  const { method = 'GET' } = request;
  const url = new URL(request.url ?? '/', origin);
  const body = method === 'POST' ? await text(request) : undefined;
  return {
    method,
    parameters: new URLSearchParams([...url.searchParams, ...new URLSearchParams(body)]),
    request: new Request(url, {
      method,
      ...(body !== undefined && { body, headers: { 'content-type': 'application/x-www-form-urlencoded' } }),
    }),
  };
}
