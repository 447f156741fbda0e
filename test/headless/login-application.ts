/** A login application: its page is never fetched, its backend talks to the API, the visitor's browser goes between both. */
import { beforeAll } from '@jest/globals';
import * as client from 'openid-client';
import { configure } from '../flows/relying-party.ts';
import {
  type AdminApi,
  type ApiResponse,
  adminApi,
  REDIRECT_URI,
  type RegisteredClient,
  type RegisteredUser,
  registerMachine,
} from '../support/clients.ts';
import type { Engine } from '../support/database.ts';
import { authenticate } from '../support/people.ts';
import { type Server, startServer } from '../support/server.ts';
import { remember } from '../support/vault.ts';
import { createVisitor, type Page, type Visitor } from '../support/visitor.ts';

const LOGIN_URL = 'https://login.example/start?tenant=a';

export interface LoginApplication {
  readonly server: Server;
  readonly admin: AdminApi;
  /** The backend's own access to the API. */
  readonly api: AdminApi;
}

export function withLoginApplication(engine: Engine): () => LoginApplication {
  let started: LoginApplication | undefined;
  beforeAll(async () => {
    const server = await startServer({ engine, env: { MINTMARK_LOGIN_URL: LOGIN_URL } });
    const admin = await adminApi(server);
    const machine = await registerMachine(admin, 'authorizations:write');
    started = { server, admin, api: await backend(server, machine) };
  });
  return () => {
    if (!started) throw new Error('the server has not started');
    return started;
  };
}

export function backend({ url }: Pick<Server, 'url'>, machine: RegisteredClient): Promise<AdminApi> {
  return adminApi({ url, admin: machine }, 'authorizations:write');
}

/** A browser that stops at the login application and at the app. */
export const browser = (): Visitor =>
  createVisitor(({ origin }) => origin === new URL(LOGIN_URL).origin || origin === new URL(REDIRECT_URI).origin);

export interface Flow {
  readonly visitor: Visitor;
  readonly config: client.Configuration;
  readonly verifier: string;
  readonly nonce: string;
  /** Where the browser went. */
  readonly at: Page | URL;
}

/** A browser opens an authorization request. */
export async function start(
  { server }: LoginApplication,
  app: RegisteredClient,
  parameters: Record<string, string> = {},
  visitor = browser(),
): Promise<Flow> {
  const config = await configure(server, app);
  const verifier = client.randomPKCECodeVerifier();
  const nonce = client.randomNonce();
  const url = client.buildAuthorizationUrl(config, {
    redirect_uri: REDIRECT_URI,
    scope: 'openid profile',
    code_challenge: await client.calculatePKCECodeChallenge(verifier),
    code_challenge_method: 'S256',
    nonce,
    ...parameters,
  });
  return { visitor, config, verifier, nonce, at: await visitor.open(url.href) };
}

/** The ticket that a browser brings to the login application. @throws when it is somewhere else */
export function ticketOf(at: Page | URL): string {
  const ticket = at instanceof URL && at.href.startsWith(LOGIN_URL) ? at.searchParams.get('authorization') : undefined;
  if (!ticket)
    throw new Error(`not at the login application: ${at instanceof URL ? at.href : `${at.status} ${at.url}`}`);
  remember(ticket);
  return ticket;
}

/** Somebody signed in at the login application. @returns their session token */
export async function sessionFor({ server }: LoginApplication, user: RegisteredUser): Promise<string> {
  const { state, token } = await authenticate(server, user);
  if (state !== 'full') throw new Error(`the sign-in is ${state}`);
  return token;
}

export function redirectOf({ status, body }: ApiResponse): string {
  if (status !== 200) throw new Error(`not accepted: ${status} ${JSON.stringify(body)}`);
  remember(new URL(body.redirect_to).searchParams.get('verifier') ?? '');
  return body.redirect_to;
}

export async function acceptLogin(application: LoginApplication, ticket: string, session_token: string) {
  return redirectOf(await application.api.post(`/authorizations/${ticket}/accept-login`, { session_token }));
}

export async function acceptConsent(application: LoginApplication, ticket: string, session_token: string, more = {}) {
  return redirectOf(await application.api.post(`/authorizations/${ticket}/accept-consent`, { session_token, ...more }));
}

/** The app redeems its code. */
export function tokensOf({ config, verifier, nonce }: Flow, callback: Page | URL) {
  if (!(callback instanceof URL)) throw new Error(`not back at the app: ${callback.status} ${callback.url}`);
  return client.authorizationCodeGrant(config, callback, { pkceCodeVerifier: verifier, expectedNonce: nonce });
}
