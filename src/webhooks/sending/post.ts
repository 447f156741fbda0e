import { type IncomingMessage, Agent as PlainAgent, request as requestPlain } from 'node:http';
import { request as requestSecure, Agent as SecureAgent } from 'node:https';
import type { LookupFunction } from 'node:net';
import { isIPv6 } from 'node:net';

export interface OutgoingRequest {
  readonly url: URL;
  /** Where its host is, and where alone the connection may go; of a literal address that one. */
  readonly addresses: readonly string[];
  readonly headers: Readonly<Record<string, string>>;
  readonly body: string;
  readonly signal: AbortSignal;
}

export interface Answer {
  readonly status: number;
  readonly retryAfter: string | undefined;
  /** The beginning, if it was too long. */
  readonly bytes: Buffer;
}

const MOST_ANSWER_BYTES = 64 * 1_024;
const MOST_HEADER_BYTES = 16 * 1_024;

/**
 * One POST on a connection of its own, which ends with it. Redirects are not followed and proxies not used: both would go
 * where nobody looked.
 *
 * @throws for whatever keeps the answer from being complete, or cut by us
 */
export function post({ url, addresses, headers, body, signal }: OutgoingRequest): Promise<Answer> {
  const secure = url.protocol === 'https:';
  const options = {
    method: 'POST',
    headers,
    signal,
    // Not the shared one, which keeps connections, resumes TLS sessions and may be told of a proxy.
    agent: secure ? new SecureAgent({ keepAlive: false }) : new PlainAgent({ keepAlive: false }),
    // The socket gets its address from here when it connects, and from nowhere else: between the check of an address and
    // its use nobody can put another. A literal address is not looked up; it is itself what was checked.
    lookup: lookupOf(addresses),
    maxHeaderSize: MOST_HEADER_BYTES,
    // Also where NODE_TLS_REJECT_UNAUTHORIZED says otherwise: tokens go to whom the URL names.
    rejectUnauthorized: true,
  };
  return new Promise((resolve, reject) => {
    const request = secure ? requestSecure(url, options) : requestPlain(url, options);
    request.on('response', (response) => read(response).then(resolve, reject));
    request.on('upgrade', (response, socket) => {
      socket.destroy();
      resolve({ status: response.statusCode ?? 0, retryAfter: undefined, bytes: Buffer.alloc(0) });
    });
    request.on('error', reject);
    request.end(body);
  });
}

function lookupOf(addresses: readonly string[]): LookupFunction {
  const found = addresses.map((address) => ({ address, family: isIPv6(address) ? 6 : 4 }));
  return (_host, { all }, done) => (all ? done(null, found) : done(null, found[0]?.address ?? '', found[0]?.family));
}

async function read(response: IncomingMessage): Promise<Answer> {
  const status = response.statusCode ?? 0;
  const chunks: Buffer[] = [];
  let size = 0;
  try {
    // Leaving the loop destroys the connection: what else is on its way is not read.
    for await (const chunk of response as AsyncIterable<Buffer>) {
      chunks.push(chunk);
      size += chunk.length;
      if (size >= MOST_ANSWER_BYTES) break;
    }
  } catch (cause) {
    throw new Error(`the answer, of status ${status}, broke off`, { cause });
  }
  const bytes = Buffer.concat(chunks, Math.min(size, MOST_ANSWER_BYTES));
  return { status, retryAfter: response.headers['retry-after'], bytes };
}
