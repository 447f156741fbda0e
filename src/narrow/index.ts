/**
 * The narrow path: the grants, introspection, revocation and UserInfo that are most of a busy server's life, answered without
 * the engine and without Koa. It takes a request only when it can be answered with 200, by the same policies, from the same
 * store; whatever else it is, also every refusal, goes the engine's way as if nobody had looked at it. So there is one place
 * that says no, and what the two say when they say yes is held to the same tests (`MINTMARK_NARROW_PATH`).
 */
import type { IncomingMessage } from 'node:http';
import type { Logger } from 'pino';
import type { Clients } from '#src/clients/index.ts';
import type { Work } from '#src/http/index.ts';
import type { Keys } from '#src/keys/index.ts';
import { type Answering, answerWith, type Body } from './answer.ts';
import { authorizationCode } from './authorization-code.ts';
import { type ClientCredentialsDeps, clientCredentials } from './client-credentials.ts';
import type { ExchangeDeps } from './exchange.ts';
import { type IntrospectionDeps, introspection } from './introspection.ts';
import { refreshToken } from './refresh.ts';
import { bearerOf } from './request/bearer.ts';
import { authenticateClient } from './request/client.ts';
import { type Form, peekForm } from './request/form.ts';
import { type RevocationDeps, revocation } from './revocation.ts';
import { type UserinfoDeps, userinfo } from './userinfo.ts';

export interface NarrowDeps
  extends Answering,
    ClientCredentialsDeps,
    ExchangeDeps,
    IntrospectionDeps,
    RevocationDeps,
    UserinfoDeps {
  readonly clients: Clients;
  readonly keys: Keys;
  readonly log: Pick<Logger, 'info' | 'warn'>;
}

/** For a form, of a client that proves who it is. */
export interface Endpoint {
  /** Whether it may be one for here: asked before anybody's secret is checked, which is no small part of the work. */
  takes(form: Form): boolean;
  /** What the request is answered with; undefined: not here. */
  answer(form: Form, caller: Caller): Promise<Body | undefined>;
}

export type Caller = NonNullable<Awaited<ReturnType<typeof authenticateClient>>>;

export interface Said {
  readonly body: Body;
  /** To whom, for the log. */
  readonly clientId: string;
}

/** What a request is answered with; undefined: not here. */
type Way = (req: IncomingMessage) => Promise<Said | undefined>;

/** In front of `wide`, which answers everything else. */
export function narrowPath(deps: NarrowDeps, wide: Work): Work {
  const answer = answerWith(deps);
  const ways = new Map<string, Way>([
    ['/oauth/token', byForm(deps, [clientCredentials(deps), refreshToken(deps), authorizationCode(deps)])],
    ['/oauth/introspect', byForm(deps, [introspection(deps)])],
    ['/oauth/revoke', byForm(deps, [revocation(deps)])],
    ['/oauth/userinfo', byToken(userinfo(deps))],
  ]);

  return async (req, res) => {
    const path = req.url ?? '';
    const way = ways.get(path);
    if (!way) return wide(req, res);
    const began = performance.now();
    try {
      const said = await way(req);
      if (said) return answer(req, res, said.body, { path, began, clientId: said.clientId });
    } catch {
      // The wide path meets the same trouble, and says what it is: of a code or a refresh token that another request used
      // meanwhile, that it was used.
    }
    return wide(req, res);
  };
}

function byForm({ clients }: Pick<NarrowDeps, 'clients'>, endpoints: readonly Endpoint[]): Way {
  return async (req) => {
    const form = await peekForm(req);
    const endpoint = form && endpoints.find((one) => one.takes(form));
    const caller = endpoint && (await authenticateClient(clients, form, req.headers.authorization));
    if (!caller) return undefined;
    const body = await endpoint.answer(form, caller);
    return body === undefined ? undefined : { body, clientId: caller.client.id };
  };
}

function byToken(answer: (token: string) => Promise<Said | undefined>): Way {
  return async (req) => {
    const token = bearerOf(req);
    return token === undefined ? undefined : answer(token);
  };
}
