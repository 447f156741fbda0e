import type { ServerResponse } from 'node:http';
import type { Logger } from 'pino';
import type { Middleware } from './state.ts';

type RequestLog = Pick<Logger, 'info' | 'warn'>;

const LONGEST_PATH = 256;
/** An interaction's id is half of what its browser holds: the log shows which page it was, not whose. */
const INTERACTION = /^(\/login|\/oauth\/authorize|\/device)\/[^/]+/i;
/** Whoever holds a link to a new password may set it. */
const RESET_LINK = /^(\/account\/reset)\/[^/]+/i;
/** Whoever holds the ticket of an authorization may read what it is about. */
const TICKET = /^(\/api\/v1\/authorizations)\/[^/]+/i;

/** What somebody took for an id: a personal access token, a signing secret of a webhook, or a JWT. */
const VALUE = /mmp_[\w-]+|whsec_[\w+/=%-]+|eyJ[\w-]+\.[\w-]+\.[\w-]+/g;

export interface Logged {
  readonly method: string;
  /** Without what only its sender may read. */
  readonly path: string;
  /** By the clock of `performance`. */
  readonly began: number;
  readonly requestId: string;
  /** Asked when the answer has left: by then it is known. */
  clientId(): string | undefined;
  /** It was answered in front of the engine. */
  readonly narrow?: boolean;
}

export function requestLog(log: RequestLog): Middleware {
  return async (ctx, next) => {
    const { method, res, state } = ctx;
    const path = masked(ctx.path).slice(0, LONGEST_PATH);
    const began = performance.now();
    logRequest(log, res, { method, path, began, requestId: state.requestId, clientId: () => state.clientId });
    await next();
  };
}

/** One line per request, when its answer has left or its sender has gone. Never the query: it carries codes and hints. */
export function logRequest(
  log: RequestLog,
  res: ServerResponse,
  { method, path, began, requestId, clientId, narrow }: Logged,
): void {
  const say = () => {
    const { statusCode: status, writableFinished } = res;
    // Undefined members are not written. They are named all the same: objects of one shape are made in less time.
    const line = {
      method,
      path,
      status,
      duration_ms: Math.round((performance.now() - began) * 10) / 10,
      request_id: requestId,
      client_id: clientId(),
      narrow: narrow || undefined,
      aborted: writableFinished ? undefined : true,
    };
    log[status >= 500 ? 'warn' : 'info'](line, 'request');
  };
  // Who went before anybody looked at the request is not heard of again.
  if (res.closed) say();
  else res.once('close', say);
}

function masked(path: string): string {
  return path
    .replace(INTERACTION, '$1/:uid')
    .replace(RESET_LINK, '$1/:token')
    .replace(TICKET, '$1/:ticket')
    .replace(VALUE, ':token');
}
