/**
 * The narrow path: `client_credentials` and introspection, which are most of a busy server's life, answered without the
 * engine and without Koa. It takes a request only when it can be answered with 200, by the same policies, from the same
 * store; whatever else it is, also every refusal, goes the engine's way as if nobody had looked at it. So there is one place
 * that says no, and what the two say when they say yes is held to the same tests (`MINTMARK_NARROW_PATH`).
 */
import type { Logger } from 'pino';
import type { Clients } from '#src/clients/index.ts';
import type { Work } from '#src/http/index.ts';
import type { Keys } from '#src/keys/index.ts';
import { type Answering, answerWith } from './answer.ts';
import { authenticateClient } from './client.ts';
import { type ClientCredentialsDeps, clientCredentials } from './client-credentials.ts';
import { type Form, peekForm } from './form.ts';
import { type IntrospectionDeps, introspection } from './introspection.ts';

export interface NarrowDeps extends Answering, ClientCredentialsDeps, IntrospectionDeps {
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
  const endpoints = new Map<string, Endpoint>([
    ['/oauth/token', clientCredentials(deps)],
    ['/oauth/introspect', introspection(deps)],
  ]);

  return async (req, res) => {
    const path = req.url ?? '';
    const endpoint = endpoints.get(path);
    if (!endpoint) return wide(req, res);
    const began = performance.now();
    const form = await peekForm(req);
    try {
      const ours = form && endpoint.takes(form) ? form : undefined;
      const caller = ours && (await authenticateClient(deps.clients, ours, req.headers.authorization));
      const body = caller && (await endpoint.answer(ours, caller));
      if (body) return answer(req, res, body, { path, began, clientId: caller.client.id });
    } catch {
      // The wide path meets the same trouble, and says what it is.
    }
    return wide(req, res);
  };
}
