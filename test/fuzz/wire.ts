/** Requests as bytes: what fetch would correct or refuse to send goes out as it is. */
import { Agent, type OutgoingHttpHeaders, request } from 'node:http';

export interface Sent {
  readonly method: string;
  /** Path and query. Percent-encoding is sent as it stands, broken or not. */
  readonly target: string;
  readonly headers?: OutgoingHttpHeaders;
  readonly body?: string | Buffer;
}

export interface Received {
  readonly status: number;
  readonly type: string;
  readonly headers: Record<string, string | string[] | undefined>;
  readonly text: string;
}

const agent = new Agent({ keepAlive: true, maxSockets: 8 });

export const closeConnections = () => agent.destroy();

export function send(url: string, { method, target, headers: wanted = {}, body }: Sent): Promise<Received> {
  // Node's client refuses these in a path; the rest, broken percent-encoding too, it sends.
  const path = target.replace(/[^\x21-\xff]/gu, (char) => encodeURIComponent(char.toWellFormed()));
  const headers = { ...wanted, ...(body !== undefined && { 'content-length': Buffer.byteLength(body) }) };
  return new Promise((resolve, reject) => {
    const sending = request(url + path, { method, path, headers, agent }, (response) => {
      const chunks: Buffer[] = [];
      response.on('data', (chunk: Buffer) => chunks.push(chunk));
      response.on('error', reject);
      response.on('end', () => {
        resolve({
          status: response.statusCode ?? 0,
          type: response.headers['content-type'] ?? '',
          headers: response.headers,
          text: Buffer.concat(chunks).toString(),
        });
      });
    });
    sending.once('error', reject);
    sending.end(body);
  });
}

/** A header as Node's client sends it: no control characters, Latin-1. */
export const asHeader = (text: string): string => text.replace(/[^\x20-\x7e\xa0-\xff]/gu, '?');
