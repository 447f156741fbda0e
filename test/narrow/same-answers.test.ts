/**
 * The narrow path and the engine behind it are two ways to one answer. Every request of the table is sent both ways, on the
 * same data. What they answer must not differ; whether the narrow path was taken is said by the log.
 */
import { connect } from 'node:net';
import { text } from 'node:stream/consumers';
import { beforeAll, describe, expect, test } from '@jest/globals';
import { type Answer, granted, post, signInFor, startWorld, token, type World } from '../endpoints/protocol.ts';
import {
  type RegisteredApi,
  type RegisteredClient,
  registerApi,
  registerClient,
  registerMachine,
  registerUser,
} from '../support/clients.ts';
import { ENGINES } from '../support/database.ts';
import { eventually } from '../support/eventually.ts';
import { basic } from '../support/http.ts';
import { type Server, secondInstance } from '../support/server.ts';
import { remember } from '../support/vault.ts';

const SCOPE = 'things:read';

/**
 * Where the engine answers. On Postgres it is an instance without the narrow path. The embedded database has one instance:
 * there it is another spelling of the address, which only the engine knows.
 */
async function startWide({ server }: World): Promise<(path: string) => [Server, string]> {
  if (server.engine === 'embedded') return (path) => [server, `${path}?engine`];
  const wide = await secondInstance(server, { MINTMARK_NARROW_PATH: 'off' });
  return (path) => [wide, path];
}

describe.each(ENGINES)('The narrow path answers as the engine does on %s', (engine) => {
  let world: World;
  let wide: (path: string) => [Server, string];
  let api: RegisteredApi;
  let machine: RegisteredClient;
  let gateway: RegisteredClient;
  let values: Record<string, string>;

  beforeAll(async () => {
    world = await startWorld(engine);
    wide = await startWide(world);
    const { admin, server } = world;
    gateway = await registerMachine(admin, 'openid');
    api = await registerApi(admin, { introspection_clients: [gateway.client_id], access_token_ttl: 600 });
    await registerApi(admin, { scopes: [{ name: 'jwt:read' }], access_token_format: 'jwt' });
    machine = await registerMachine(admin, 'things:read things:write jwt:read', { metadata: { team: 'harbour' } });
    const app = await registerClient(admin, { scope: 'openid things:read offline_access' });
    const user = await registerUser(admin);
    const own = await signInFor(server, app, user, {
      scope: 'openid things:read',
      resource: api.identifier,
    });
    const issue = async (scope: string) =>
      granted(await token(server, { grant_type: 'client_credentials', scope }, { as: machine })).access_token as string;
    const revoked = await issue(SCOPE);
    await post(server, '/oauth/revoke', { token: revoked }, { as: machine });
    const patOf = async (): Promise<{ id: string; token: string }> => {
      const wanted = { user_id: user.id, name: 'Backup', scopes: [SCOPE], audience: api.identifier };
      return (await admin.post('/pats', wanted)).body;
    };
    const [pat, takenBack] = [await patOf(), await patOf()];
    await admin.delete(`/pats/${takenBack.id}`);
    values = {
      pat: pat.token,
      takenBack: takenBack.token,
      opaque: await issue(SCOPE),
      jwt: await issue('jwt:read'),
      revoked,
      person: own.access_token,
    };
  }, 60_000);

  interface Sent {
    readonly path: '/oauth/token' | '/oauth/introspect';
    readonly parameters: Record<string, string> | [string, string][];
    readonly headers?: Record<string, string>;
  }

  const asMachine = () => ({ authorization: basic(machine.client_id, machine.client_secret) });
  const asGateway = () => ({ authorization: basic(gateway.client_id, gateway.client_secret) });
  const grant = (parameters: object = {}, headers: object = asMachine()): Sent =>
    ({
      path: '/oauth/token',
      parameters: { grant_type: 'client_credentials', scope: SCOPE, ...parameters },
      headers,
    }) as Sent;
  const about = (value: string | undefined, headers: object = asMachine(), more: object = {}): Sent =>
    ({ path: '/oauth/introspect', parameters: { token: value ?? '', ...more }, headers }) as Sent;
  const inBody = () => ({ client_id: machine.client_id, client_secret: machine.client_secret });

  /** What may differ between two answers to one request. */
  const comparable = ({ status, headers, body }: Answer) => ({
    status,
    headers: [...headers].filter(([name]) => !['date', 'x-request-id', 'content-length'].includes(name)),
    body: typeof body === 'object' && body.access_token ? { ...body, access_token: typeof body.access_token } : body,
  });

  async function tookNarrowPath(requestId: string | null): Promise<boolean> {
    const lineOf = () =>
      world.server
        .output()
        .split('\n')
        .find((line) => line.includes(`"request_id":"${requestId}"`));
    await eventually(() => lineOf() !== undefined);
    return lineOf()?.includes('"narrow":true') ?? false;
  }

  async function compare({ path, parameters, headers = {} }: Sent): Promise<Answer & { narrow: boolean }> {
    const one = await post(world.server, path, parameters, { headers });
    const other = await post(...wide(path), parameters, { headers });
    expect(comparable(one)).toEqual(comparable(other));
    if (engine === 'embedded') expect(await tookNarrowPath(other.headers.get('x-request-id'))).toBe(false);
    return { ...one, narrow: await tookNarrowPath(one.headers.get('x-request-id')) };
  }

  test.each<[string, () => Sent]>([
    ['a token', () => grant()],
    ['a token for two scopes', () => grant({ scope: 'things:read things:write' })],
    ['a scope twice', () => grant({ scope: `${SCOPE} ${SCOPE}` })],
    ['a token for a named API', () => grant({ resource: api.identifier })],
    ['a token by a secret in the body', () => grant(inBody(), {})],
    ['an opaque token', () => about(values.opaque)],
    ['an opaque token, asked about by its API', () => about(values.opaque, asGateway())],
    [
      "a person's token, asked about by its API",
      () => about(values.person, asGateway(), { token_type_hint: 'access_token' }),
    ],
    ['a personal access token, asked about by its API', () => about(values.pat, asGateway())],
  ])('takes, and answers alike: %s', async (_, sent) => {
    expect(await compare(sent())).toMatchObject({ status: 200, narrow: true });
  });

  test.each<[string, () => Sent, number]>([
    ['a scope of another API', () => grant({ resource: api.identifier, scope: 'jwt:read' }), 400],
    ['a JWT', () => grant({ scope: 'jwt:read' }), 200],
    ['no scope', () => grant({ scope: '' }), 200],
    ['a scope that nobody was granted', () => grant({ scope: 'things:read nothing' }), 400],
    ['openid', () => grant({ scope: 'openid' }), 400],
    ['an unknown API', () => grant({ resource: 'https://nowhere.example' }), 400],
    ['another grant', () => grant({ grant_type: 'password' }), 400],
    ['a parameter it does not know', () => grant({ audience: 'x' }), 200],
    [
      'a parameter twice',
      () => ({
        ...grant(),
        parameters: [
          ['grant_type', 'client_credentials'],
          ['scope', SCOPE],
          ['scope', SCOPE],
        ],
      }),
      400,
    ],
    ['a wrong secret', () => grant({}, { authorization: basic(machine.client_id, 'wrong') }), 401],
    ['an unknown client', () => grant({}, { authorization: basic('nobody', 'wrong') }), 401],
    ['two ways to prove oneself', () => grant(inBody()), 400],
    ['the name of somebody else', () => grant({ client_id: 'other' }), 400],
    ['no proof', () => grant({}, {}), 401],
    ['a page of another origin', () => grant({}, { ...asMachine(), origin: 'https://app.example' }), 400],
    ['a JWT, asked about', () => about(values.jwt), 200],
    ['a revoked token', () => about(values.revoked), 200],
    ['an unknown token', () => about('a'.repeat(43)), 200],
    ['a personal access token that was taken back', () => about(values.takenBack, asGateway()), 200],
    ['a personal access token, asked about by a stranger', () => about(values.pat), 200],
    [
      'one that was mistyped',
      () =>
        about(
          values.pat?.replace(/.$/, (last) => (last === 'x' ? 'y' : 'x')),
          asGateway(),
        ),
      200,
    ],
    ['no token', () => about(''), 400],
    ['a token of somebody else', () => about(values.person), 200],
  ])('leaves to the engine: %s', async (_, sent, status) => {
    const answer = await compare(sent());
    expect(answer).toMatchObject({ status, narrow: false });
  });

  test('gives tokens that are good on the other', async () => {
    const { body } = await compare(grant());
    const answer = await post(...wide('/oauth/introspect'), { token: body.access_token }, { headers: asMachine() });
    expect(answer.body).toMatchObject({ active: true, client_metadata: { team: 'harbour' }, aud: api.identifier });
  });

  test('answers in turn what was sent in one piece', async () => {
    const { hostname, port } = new URL(world.server.url);
    const request = (scope: string, last = false) => {
      const body = new URLSearchParams({ grant_type: 'client_credentials', scope }).toString();
      const lines = [
        'POST /oauth/token HTTP/1.1',
        `host: ${hostname}`,
        `authorization: ${asMachine().authorization}`,
        'content-type: application/x-www-form-urlencoded',
        `content-length: ${body.length}`,
        ...(last ? ['connection: close'] : []),
      ];
      return `${lines.join('\r\n')}\r\n\r\n${body}`;
    };
    const socket = connect(Number(port), hostname);
    socket.write(request(SCOPE) + request('nothing') + request(SCOPE) + request('openid', true));
    const answers = await text(socket);
    for (const [, token = ''] of answers.matchAll(/"access_token":"([^"]+)"/g)) remember(token);
    expect([...answers.matchAll(/HTTP\/1\.1 (\d{3})/g)].map(([, status]) => status)).toEqual([
      '200',
      '400',
      '200',
      '400',
    ]);
  });

  test('hands on a body that arrives in pieces', async () => {
    const text = new URLSearchParams({ grant_type: 'client_credentials', scope: SCOPE }).toString();
    const pieces = new ReadableStream({
      async start(controller) {
        for (const piece of [text.slice(0, 9), text.slice(9)]) {
          controller.enqueue(new TextEncoder().encode(piece));
          await new Promise((resolve) => setImmediate(resolve));
        }
        controller.close();
      },
    });
    const headers = { ...asMachine(), 'content-type': 'application/x-www-form-urlencoded' };
    const answer = await fetch(`${world.server.url}/oauth/token`, {
      method: 'POST',
      headers,
      body: pieces,
      duplex: 'half',
    } as RequestInit);
    expect(answer.status).toBe(200);
  });
});
