import type { IncomingMessage, ServerResponse } from 'node:http';
import type { Logger } from 'pino';
import { logRequest, requestIdOf, strictHeaders } from '#src/http/index.ts';

export interface Answering {
  readonly issuer: string;
  readonly trustProxy: boolean;
  readonly log: Pick<Logger, 'info' | 'warn'>;
}

/** As the engine has them at these endpoints: any page may ask, by credentials it has to bring itself. */
const OF_THE_ENGINE = {
  Vary: 'Origin',
  'Access-Control-Allow-Origin': '*',
  'Access-Control-Expose-Headers': 'WWW-Authenticate',
};
const OF_JSON = { 'Cache-Control': 'no-store', 'Content-Type': 'application/json; charset=utf-8' };
/** Text of no length: whoever keeps it, keeps nothing. */
const OF_NOTHING = { 'Content-Type': 'text/plain; charset=utf-8' };

export const NOTHING = '';
/** What is said as JSON, or nothing. */
export type Body = object | typeof NOTHING;

export function answerWith({ issuer, trustProxy, log }: Answering) {
  // Names and values in turn, which Node writes as they are.
  const headersOf = (kind: object) => Object.entries({ ...strictHeaders(issuer), ...OF_THE_ENGINE, ...kind }).flat();
  const [ofJson, ofNothing] = [headersOf(OF_JSON), headersOf(OF_NOTHING)];

  return (
    req: IncomingMessage,
    res: ServerResponse,
    body: Body,
    { path, began, clientId }: { path: string; began: number; clientId: string },
  ): void => {
    const { method = '', headers } = req;
    const requestId = requestIdOf(String(headers['x-request-id'] ?? ''), trustProxy);
    logRequest(log, res, { method, path, began, requestId, clientId: () => clientId, narrow: true });
    const [always, text] = body === NOTHING ? [ofNothing, body] : [ofJson, JSON.stringify(body)];
    const length = Buffer.byteLength(text);
    // What was put back is read to its end, or the connection would wait for somebody to do it.
    req.resume();
    res.writeHead(200, always.concat('X-Request-Id', requestId, 'Content-Length', String(length)));
    // Characters of one byte each are the same bytes in both, and latin1 is copied without looking at them.
    res.end(text, length === text.length ? 'latin1' : 'utf8');
  };
}
