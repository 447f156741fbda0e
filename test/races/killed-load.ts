/**
 * A mixed load that goes on across the lives of a server: each actor does one thing again and again, and where it was not
 * answered it asks again in the next life, as a client would.
 */
import { createHash, randomBytes } from 'node:crypto';
import {
  type AdminApi,
  adminApi,
  REDIRECT_URI,
  registerApi,
  registerClient,
  registerMachine,
  registerUser,
} from '../support/clients.ts';
import { signIn, visitorFor } from '../support/flow.ts';
import type { Server } from '../support/server.ts';
import type { App, Code } from './app.ts';
import { type Ledger, type Reply, send } from './killed-ledger.ts';

export interface Cast {
  /** Client credentials; its tokens are revoked one by one. */
  readonly machine: App;
  /** Client credentials; its tokens are revoked by rule. */
  readonly suspect: App;
  /** Codes, refresh tokens. */
  readonly app: App;
}

export interface Actor {
  /** Once, against this life of the server. Actors that are not answered return. */
  act(server: Server): Promise<void>;
}

/** Longer than any of its lives: what a client repeats after a restart is the same request, and must be answered. */
const GRACE_SECONDS = 60;

export async function registerCast(admin: AdminApi): Promise<Cast> {
  await registerApi(admin, { access_token_format: 'jwt' });
  await registerApi(admin, { scopes: [{ name: 'parts:read', description: 'See your parts' }] });
  const user = await registerUser(admin);
  const wanted = {
    client_name: 'app',
    scope: 'openid things:read',
    first_party: true,
    refresh_token_grace: GRACE_SECONDS,
  };
  return {
    machine: { ...(await registerMachine(admin, 'parts:read', { client_name: 'machine' })), user },
    suspect: { ...(await registerMachine(admin, 'parts:read', { client_name: 'suspect' })), user },
    app: { ...(await registerClient(admin, wanted)), user },
  };
}

export function issuer(ledger: Ledger, machine: App): Actor {
  return {
    async act(server) {
      const reply = await send(server, '/oauth/token', machine, {
        grant_type: 'client_credentials',
        scope: 'parts:read',
      });
      if (reply) ledger.issued(answered(reply, 200).access_token, machine);
    },
  };
}

/** Revokes single tokens (RFC 7009). */
export function revoker(ledger: Ledger, machine: App, random: () => number): Actor {
  return {
    async act(server) {
      const token = ledger.pick(machine, random);
      if (!token) return;
      ledger.ending(token);
      const reply = await send(server, '/oauth/revoke', machine, { token });
      if (!reply) return;
      answered(reply, 200);
      ledger.ended(token);
    },
  };
}

/**
 * Issues tokens, and once in each life takes back all of them by a rule. One after the other: what is issued while a rule
 * is being written may be on either side of it.
 */
export function suspected(ledger: Ledger, suspect: App, random: () => number): Actor {
  const issuing = issuer(ledger, suspect);
  let ruledIn: Server | undefined;
  return {
    async act(server) {
      if (ruledIn === server || random() < 0.8) return issuing.act(server);
      ruledIn = server;
      const tokens = ledger.livingOf(suspect);
      const admin = await adminApi(server).catch(unlessRefused);
      if (!admin) return;
      ledger.ending(...tokens);
      const rule = { client_id: suspect.client_id, reason: 'suspected' };
      const reply = await admin.post('/revocation-rules', rule).catch(unlessRefused);
      if (!reply) return;
      answered(reply, 201);
      ledger.ended(...tokens);
    },
  };
}

/** Keeps a family going: whatever happens to the server, the next refresh must succeed. Sometimes asks twice at once. */
export function refresher(ledger: Ledger, app: App, first: Answer, random: () => number) {
  let { access_token, refresh_token } = first;
  const used: string[] = [];
  return {
    async act(server: Server) {
      const ask = () => send(server, '/oauth/token', app, { grant_type: 'refresh_token', refresh_token });
      ledger.ending(access_token);
      const replies = await Promise.all(random() < 0.3 ? [ask(), ask()] : [ask()]);
      for (const reply of replies) if (reply) ledger.exchanged(refresh_token, answered(reply, 200));
      const body = replies.find((reply) => reply !== undefined)?.body;
      if (!body) return;
      ledger.ended(access_token);
      used.push(refresh_token);
      ledger.issued(body.access_token, app);
      ({ access_token, refresh_token } = body);
    },
    /** Presents a refresh token from long ago: a theft, so that the family ends. */
    async reuse(server: Server) {
      const [stolen = ''] = used;
      const reply = await send(server, '/oauth/token', app, { grant_type: 'refresh_token', refresh_token: stolen });
      answered(reply, 400);
      ledger.ended(access_token);
    },
  };
}

/** Signed in once: gets code after code and exchanges each, some of them twice at once, some of them again later. */
export function signedIn(ledger: Ledger, app: App, random: () => number) {
  const visitor = visitorFor(REDIRECT_URI);
  let unanswered: Code | undefined;

  async function nextCode(server: Server): Promise<Code | undefined> {
    const verifier = randomBytes(32).toString('base64url');
    const how = { ...app.user, redirectUri: REDIRECT_URI, visitor };
    const callback = await signIn(authorization(server, app, verifier), how).catch(unlessRefused);
    const code = callback?.searchParams.get('code');
    return code ? { code, verifier } : undefined;
  }

  const exchange = (server: Server, { code, verifier }: Code) =>
    send(server, '/oauth/token', app, {
      grant_type: 'authorization_code',
      redirect_uri: REDIRECT_URI,
      code,
      code_verifier: verifier,
    });

  return {
    /** A family to be refreshed. */
    async family(server: Server): Promise<Answer> {
      const code = await nextCode(server);
      const body = answered(code && (await exchange(server, code)), 200);
      ledger.issued(body.access_token, app);
      return body;
    },
    async act(server: Server) {
      const repeated = unanswered !== undefined;
      const code = unanswered ?? (await nextCode(server));
      if (!code) return;
      unanswered = code;
      const reply = await exchange(server, code);
      if (!reply) return;
      unanswered = undefined;
      // It had been exchanged, but nobody was told; by this second use that first exchange has come to nothing.
      if (repeated && reply.status === 400) return;
      const { access_token } = answered(reply, 200);
      ledger.exchanged(code.code, reply.body);
      ledger.issued(access_token, app);
      if (random() < 0.7) return;
      ledger.ending(access_token);
      const again = await exchange(server, code);
      if (!again) return;
      answered(again, 400);
      ledger.ended(access_token);
    },
  };
}

/** What `fetch` throws when the server is gone is no answer; anything else is one that should not be. */
function unlessRefused(error: Error): undefined {
  if (error.name !== 'TypeError') throw error;
}

export interface Answer {
  readonly access_token: string;
  readonly refresh_token: string;
}

/** @throws when it is not what the protocol promises */
function answered(reply: Reply | undefined, status: number): any {
  if (reply?.status === status) return reply.body;
  throw new Error(`answered ${reply?.status} instead of ${status}: ${JSON.stringify(reply?.body)}`);
}

function authorization(server: Server, app: App, verifier: string): URL {
  const url = new URL(`${server.issuer}/oauth/authorize`);
  url.search = new URLSearchParams({
    client_id: app.client_id,
    response_type: 'code',
    redirect_uri: REDIRECT_URI,
    scope: 'openid things:read',
    code_challenge: createHash('sha256').update(verifier).digest('base64url'),
    code_challenge_method: 'S256',
  }).toString();
  return url;
}
