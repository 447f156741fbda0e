/** One request sent both ways, the narrow path and the engine behind it, on the same data. */
import { expect } from '@jest/globals';
import { decodeJwt, decodeProtectedHeader } from 'jose';
import { type Answer, type Parameters, post, read, type World } from '../endpoints/protocol.ts';
import type { RegisteredClient } from '../support/clients.ts';
import { eventually } from '../support/eventually.ts';
import { basic, observedFetch } from '../support/http.ts';
import { type Server, secondInstance } from '../support/server.ts';

export interface Sent {
  readonly path: '/oauth/token' | '/oauth/introspect';
  /** A string is sent as it is. */
  readonly parameters: Parameters | string;
  readonly headers?: Record<string, string>;
}

export interface BothWays {
  /** @throws when the two answers differ. @returns the first one, and whether the narrow path gave it */
  compare(sent: Sent): Promise<Answer & { narrow: boolean }>;
  /** Where the engine answers. */
  wide(path: string): [Server, string];
}

/**
 * On Postgres the engine answers at an instance without the narrow path. The embedded database has one instance: there it
 * is another spelling of the address, which only the engine knows.
 */
export async function bothWays({ server }: World): Promise<BothWays> {
  const other =
    server.engine === 'embedded' ? undefined : await secondInstance(server, { MINTMARK_NARROW_PATH: 'off' });
  const wide = (path: string): [Server, string] => (other ? [other, path] : [server, `${path}?engine`]);

  /** As the log says. */
  async function tookNarrowPath(requestId: string | null): Promise<boolean> {
    const lineOf = () =>
      server
        .output()
        .split('\n')
        .find((line) => line.includes(`"request_id":"${requestId}"`));
    await eventually(() => lineOf() !== undefined);
    return lineOf()?.includes('"narrow":true') ?? false;
  }

  return {
    wide,
    async compare({ path, ...sent }) {
      const one = await send(server, path, sent);
      const another = await send(...wide(path), sent);
      expect(comparable(one)).toEqual(comparable(another));
      if (!other) expect(await tookNarrowPath(another.headers.get('x-request-id'))).toBe(false);
      return { ...one, narrow: await tookNarrowPath(one.headers.get('x-request-id')) };
    },
  };
}

async function send(server: Server, path: string, { parameters, headers = {} }: Omit<Sent, 'path'>): Promise<Answer> {
  if (typeof parameters !== 'string') return post(server, path, parameters, { headers });
  const type = { 'content-type': 'application/x-www-form-urlencoded' };
  const raw = { method: 'POST', headers: { ...headers, ...type }, body: parameters };
  return read(await observedFetch(server.url + path, raw));
}

export const as = ({ client_id, client_secret }: RegisteredClient) => ({
  authorization: basic(client_id, client_secret),
});

export const about = (value: string | undefined, headers: Record<string, string>, more: object = {}): Sent => ({
  path: '/oauth/introspect',
  parameters: { token: value ?? '', ...more },
  headers,
});

/** What may differ between two answers to one request is left out; members stay in their order. */
const comparable = ({ status, headers, body }: Answer) => ({
  status,
  headers: [...headers].filter(([name]) => !['date', 'x-request-id', 'content-length'].includes(name)),
  body:
    typeof body === 'object'
      ? Object.entries(body).map(([name, value]) => [name, name === 'access_token' ? shape(String(value)) : value])
      : body,
});

/** Of a JWT everything but what no other one may have. */
function shape(token: string): unknown {
  if (!token.includes('.')) return token.length;
  const { iat = 0, exp = 0, ...claims } = decodeJwt(token);
  const parts = { ...decodeProtectedHeader(token), ...claims, lifetime: exp - iat };
  const unique = { jti: 'a name', nonce: 'a nonce', status: Object.keys(claims.status ?? {}) };
  return {
    order: [...Object.keys(decodeProtectedHeader(token)), ...Object.keys(decodeJwt(token))],
    said: Object.entries(parts).map(([name, value]) => [name, name in unique ? unique[name as 'jti'] : value]),
  };
}
