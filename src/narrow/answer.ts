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
  'Cache-Control': 'no-store',
  'Content-Type': 'application/json; charset=utf-8',
};

export function answerWith({ issuer, trustProxy, log }: Answering) {
  const always = { ...strictHeaders(issuer), ...OF_THE_ENGINE };

  return (
    req: IncomingMessage,
    res: ServerResponse,
    body: object,
    { began, clientId }: { began: number; clientId: string },
  ): void => {
    const requestId = requestIdOf(String(req.headers['x-request-id'] ?? ''), trustProxy);
    logRequest(log, res, {
      method: 'POST',
      path: req.url ?? '',
      began,
      requestId,
      clientId: () => clientId,
      narrow: true,
    });
    const text = JSON.stringify(body);
    // What was put back is read to its end, or the connection would wait for somebody to do it.
    req.resume();
    res.writeHead(200, { 'X-Request-Id': requestId, ...always, 'Content-Length': Buffer.byteLength(text) });
    res.end(text);
  };
}
