/** One request sent both ways, the narrow path and the engine behind it, on the same data. */
import { isDeepStrictEqual } from 'node:util';
import { expect } from '@jest/globals';
import { decodeJwt, decodeProtectedHeader } from 'jose';
import { type Answer, type Parameters, post, read, type World } from '../endpoints/protocol.ts';
import { type AdminApi, adminApi, type RegisteredClient } from '../support/clients.ts';
import { eventually } from '../support/eventually.ts';
import { basic, observedFetch } from '../support/http.ts';
import { type Server, secondInstance } from '../support/server.ts';

export interface Sent {
  readonly path: string;
  /** Of a form that is posted, a string as it is. Undefined: there is none, and no body. */
  readonly parameters?: Parameters | string;
  /** Of a request without a form, where it is not GET. */
  readonly method?: string;
  readonly headers?: Record<string, string>;
}

export interface BothWays {
  /**
   * @param again what the engine is sent where that cannot be the same request: one that has the same rights to be answered
   * @throws when the two answers differ. @returns the first one, whether the narrow path gave it, and the engine's body
   */
  compare(sent: Sent, again?: Sent): Promise<Answer & { narrow: boolean; wide: any }>;
  /** Returns it when the other instance knows it, and the APIs that were made before it. Not what was changed. */
  known(client: RegisteredClient): Promise<RegisteredClient>;
  /** Whether the log of the first of the two says so. */
  tookNarrowPath(requestId: string | null): Promise<boolean>;
  /** Where the engine answers. */
  wide(path: string): [Server, string];
}

/**
 * On Postgres the engine answers at an instance without the narrow path. The embedded database has one instance: there it
 * is another spelling of the address, which only the engine knows.
 */
export async function bothWays({ admin, server }: World): Promise<BothWays> {
  const other =
    server.engine === 'embedded' ? undefined : await secondInstance(server, { MINTMARK_NARROW_PATH: 'off' });
  const wide = (path: string): [Server, string] =>
    other ? [other, path] : [server, `${path}${path.includes('?') ? '&' : '?'}engine`];

  const adminThere = other ? await adminApi(other) : admin;

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
    tookNarrowPath,

    async known(client) {
      const { client_id, client_secret, token_endpoint_auth_method: method } = client;
      const inBody = method === 'client_secret_post';
      const question = about('nothing', inBody ? {} : as(client), inBody ? { client_id, client_secret } : {});
      await eventually(async () => (await send(...wide(question.path), question)).status !== 401);
      // A client it looks up when it is asked for one; of the APIs it has a list, from before it heard of another one.
      await eventually(async () => isDeepStrictEqual(await apisAt(admin), await apisAt(adminThere)));
      return client;
    },

    async compare(sent, again = sent) {
      const one = await send(server, sent.path, sent);
      const another = await send(...wide(again.path), again);
      expect(comparable(one)).toEqual(comparable(another));
      if (!other) expect(await tookNarrowPath(another.headers.get('x-request-id'))).toBe(false);
      return { ...one, narrow: await tookNarrowPath(one.headers.get('x-request-id')), wide: another.body };
    },
  };
}

const apisAt = async (admin: AdminApi): Promise<unknown> => (await admin.get('/apis?limit=500')).body.items;

async function send(server: Server, path: string, sent: Omit<Sent, 'path'>): Promise<Answer> {
  const { parameters, headers = {}, method = 'GET' } = sent;
  if (parameters === undefined) {
    const response = await observedFetch(server.url + path, { method, headers });
    // It has the type of a body, and none.
    if (method === 'HEAD') return { status: response.status, headers: response.headers, body: await response.text() };
    return read(response);
  }
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

export const taken = (value: string | undefined, headers: Record<string, string>, more: object = {}): Sent => ({
  ...about(value, headers, more),
  path: '/oauth/revoke',
});

const ISSUED = new Set(['access_token', 'refresh_token', 'id_token']);

/** What may differ between two answers to one request is left out; members stay in their order. */
const comparable = ({ status, headers, body }: Answer) => ({
  status,
  headers: [...headers].filter(([name]) => !['date', 'x-request-id', 'content-length'].includes(name)),
  body:
    typeof body === 'object'
      ? Object.entries(body).map(([name, value]) => [name, ISSUED.has(name) ? shape(String(value)) : value])
      : body,
});

/** Of a JWT everything but what no other one may have. */
function shape(token: string): unknown {
  if (!token.includes('.')) return token.length;
  const { iat = 0, exp = 0, ...claims } = decodeJwt(token);
  const parts = { ...decodeProtectedHeader(token), ...claims, lifetime: exp - iat };
  const { length } = String(claims.nonce ?? '');
  const moment = { auth_time: 'when somebody signed in', sid: 'a session' };
  const unique = { jti: 'a name', nonce: length, status: Object.keys(claims.status ?? {}), ...moment };
  return {
    order: [...Object.keys(decodeProtectedHeader(token)), ...Object.keys(decodeJwt(token))],
    said: Object.entries(parts).map(([name, value]) => [name, name in unique ? unique[name as 'jti'] : value]),
  };
}
