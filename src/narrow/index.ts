/**
 * The narrow path: the grants and the introspection that are most of a busy server's life, answered without the engine and
 * without Koa. It takes a request only when it can be answered with 200, by the same policies, from the same store; whatever
 * else it is, also every refusal, goes the engine's way as if nobody had looked at it. So there is one place that says no,
 * and what the two say when they say yes is held to the same tests (`MINTMARK_NARROW_PATH`).
 */
import type { Logger } from 'pino';
import type { Clients } from '#src/clients/index.ts';
import type { Work } from '#src/http/index.ts';
import type { Keys } from '#src/keys/index.ts';
import { type Answering, answerWith } from './answer.ts';
import { authorizationCode } from './authorization-code.ts';
import { authenticateClient } from './client.ts';
import { type ClientCredentialsDeps, clientCredentials } from './client-credentials.ts';
import type { ExchangeDeps } from './exchange.ts';
import { type Form, peekForm } from './form.ts';
import { type IntrospectionDeps, introspection } from './introspection.ts';
import { refreshToken } from './refresh.ts';

export interface NarrowDeps extends Answering, ClientCredentialsDeps, ExchangeDeps, IntrospectionDeps {
  readonly clients: Clients;
  readonly keys: Keys;
  readonly log: Pick<Logger, 'info' | 'warn'>;
}

export interface Endpoint {
  /** Whether it may be one for here: asked before anybody's secret is checked, which is no small part of the work. */
  takes(form: Form): boolean;
  /** What the request is answered with; undefined: not here. */
  answer(form: Form, caller: Caller): Promise<object | undefined>;
}

export type Caller = NonNullable<Awaited<ReturnType<typeof authenticateClient>>>;

/** In front of `wide`, which answers everything else. */
export function narrowPath(deps: NarrowDeps, wide: Work): Work {
  const answer = answerWith(deps);
  const endpoints = new Map<string, readonly Endpoint[]>([
    ['/oauth/token', [clientCredentials(deps), refreshToken(deps), authorizationCode(deps)]],
    ['/oauth/introspect', [introspection(deps)]],
  ]);

  return async (req, res) => {
    const path = req.url ?? '';
    const here = endpoints.get(path);
    if (!here) return wide(req, res);
    const began = performance.now();
    const form = await peekForm(req);
    try {
      const endpoint = form && here.find((one) => one.takes(form));
      const caller = endpoint && (await authenticateClient(deps.clients, form, req.headers.authorization));
      const body = caller && (await endpoint.answer(form, caller));
      if (body) return answer(req, res, body, { path, began, clientId: caller.client.id });
    } catch {
      // The wide path meets the same trouble, and says what it is: of a code or a refresh token that another request used
      // meanwhile, that it was used.
    }
    return wide(req, res);
  };
}
