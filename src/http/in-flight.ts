import type { IncomingMessage, ServerResponse } from 'node:http';
import type { Logger } from 'pino';
import { unavailable } from './problem.ts';
import { requestIdOf } from './request-id.ts';
import { strictHeaders } from './security-headers.ts';

export interface InFlightDeps {
  /** Requests that are answered at once. */
  readonly most: number;
  readonly issuer: string;
  readonly trustProxy: boolean;
  readonly log: Pick<Logger, 'warn'>;
  /** What that page is made of: it is in memory, and without it the page looks like nobody's. */
  readonly isPartOfPage: (path: string) => boolean;
  /** What a browser is shown. */
  readonly page: (requestId: string) => Answer;
}

export interface Answer {
  readonly headers: Readonly<Record<string, string>>;
  readonly body: string;
}

/** Whoever asks these must hear from the server above all when there is too much for it to do. */
const ALWAYS_ANSWERED = new Set(['/healthz', '/readyz']);
const RETRY_AFTER_SECONDS = 1;
const NOTE_MS = 1_000;
/** How often it is looked whether what was arriving has arrived: there may be many, and who holds them back on purpose. */
const LOOK_EVERY_MS = 10;

/** Settles when the work is done, also when whoever asked has gone. */
export type Work = (req: IncomingMessage, res: ServerResponse) => Promise<void>;

const AT_THE_API = {
  headers: { 'Content-Type': 'application/problem+json' },
  body: JSON.stringify(unavailable(RETRY_AFTER_SECONDS)),
};
/** RFC 6749 §5.2. */
const ELSEWHERE = {
  headers: { 'Content-Type': 'application/json; charset=utf-8' },
  body: JSON.stringify({ error: 'temporarily_unavailable', error_description: 'please try again' }),
};

/**
 * In front of everything: what would be one too many is told so now, in a fraction of the time that its answer takes.
 * Otherwise everybody waits longer and longer, until they have given up when their answer comes. How long the last in the
 * line waits is their number times what each takes, so a limit to the number is one to the time.
 */
export function limitInFlight({ most, issuer, trustProxy, log, page, isPartOfPage }: InFlightDeps, inner: Work) {
  const places = createPlaces();
  const always = { ...strictHeaders(issuer), 'Cache-Control': 'no-store', 'Retry-After': String(RETRY_AFTER_SECONDS) };

  const note = noteTogether(log);

  function refuse(req: IncomingMessage, res: ServerResponse, path: string): void {
    note();
    const requestId = requestIdOf(String(req.headers['x-request-id'] ?? ''), trustProxy);
    const answer = answerFor(path, req.headers.accept) ?? page(requestId);
    // What it sends is read to its end, or the connection would wait for somebody to do it.
    req.resume();
    const length = String(Buffer.byteLength(answer.body));
    res.writeHead(503, { 'X-Request-Id': requestId, ...always, ...answer.headers, 'Content-Length': length });
    res.end(answer.body);
  }

  return (req: IncomingMessage, res: ServerResponse): void => {
    if (places.taken(most) >= most) {
      const path = pathOf(req.url);
      if (!ALWAYS_ANSWERED.has(path) && !isPartOfPage(path)) {
        refuse(req, res, path);
        return;
      }
    }
    void work(req, res);
  };

  async function work(req: IncomingMessage, res: ServerResponse): Promise<void> {
    const free = places.take(req);
    // Both: who goes away does not end the work, and in an overload many do; and an answer is read at the reader's pace.
    const closed = new Promise((resolve) => res.once('close', resolve));
    try {
      await inner(req, res);
      await closed;
    } finally {
      free();
    }
  }
}

/**
 * What is under way. A request whose body is still arriving is none of it: who sends slowly must not keep the others out.
 * One without a body is, though it says that there will be one: nobody waits for that.
 */
function createPlaces() {
  const arriving = new Set<IncomingMessage>();
  let working = 0;
  let lookedAt = 0;

  function look(): void {
    const now = performance.now();
    if (now - lookedAt < LOOK_EVERY_MS) return;
    lookedAt = now;
    for (const req of arriving) {
      if (!req.complete) continue;
      arriving.delete(req);
      working += 1;
    }
  }

  return {
    /** @param most fewer than these are not counted exactly */
    taken(most: number): number {
      if (working < most && working + arriving.size >= most) look();
      return working;
    },

    /** @returns what gives the place back */
    take(req: IncomingMessage): () => void {
      const hasBody = req.method !== 'GET' && req.method !== 'HEAD' && !req.complete;
      if (hasBody) arriving.add(req);
      else working += 1;
      return () => {
        if (!arriving.delete(req)) working -= 1;
      };
    },
  };
}

/** One line for all of a second: a line for each would take a good part of what refusing saves. */
function noteTogether(log: InFlightDeps['log']): () => void {
  let refused = 0;
  const say = () => {
    log.warn({ refused }, 'too many requests at once');
    refused = 0;
  };
  return () => {
    if (refused === 0) setTimeout(say, NOTE_MS).unref();
    refused += 1;
  };
}

const pathOf = (url = ''): string => url.split('?', 1)[0] ?? '';

/** undefined: a page. */
function answerFor(path: string, accept = ''): Answer | undefined {
  if (path.startsWith('/api/')) return AT_THE_API;
  return accept.includes('text/html') ? undefined : ELSEWHERE;
}
