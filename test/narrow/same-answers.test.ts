/**
 * The narrow path and the engine behind it are two ways to one answer. Every request of the table is sent both ways, on the
 * same data. What they answer must not differ; whether the narrow path was taken is said by the log.
 */
import { connect } from 'node:net';
import { text } from 'node:stream/consumers';
import { beforeAll, describe, expect, test } from '@jest/globals';
import {
  authorize,
  granted,
  post,
  refreshed,
  signInFor,
  startWorld,
  token,
  type World,
} from '../endpoints/protocol.ts';
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
import { remember } from '../support/vault.ts';
import { about, as, type BothWays, bothWays, type Sent } from './both-ways.ts';

const SCOPE = 'things:read';
/** The engine's clock tolerance, 15 s, and a token of one second. */
const EXPIRY_MS = 20_000;

describe.each(ENGINES)('The narrow path answers as the engine does on %s', (engine) => {
  let world: World;
  let ways: BothWays;
  let api: RegisteredApi;
  let machine: RegisteredClient;
  let gateway: RegisteredClient;
  let app: RegisteredClient;
  let values: Record<string, string>;

  beforeAll(async () => {
    world = await startWorld(engine);
    ways = await bothWays(world);
    const { admin, server } = world;
    gateway = await registerMachine(admin, 'openid');
    api = await registerApi(admin, { introspection_clients: [gateway.client_id], access_token_ttl: 600 });
    await registerApi(admin, { scopes: [{ name: 'jwt:read' }], access_token_format: 'jwt' });
    machine = await registerMachine(admin, 'things:read things:write jwt:read', { metadata: { team: 'harbour' } });
    app = await registerClient(admin, { scope: 'openid things:read offline_access' });
    await ways.known(app);
    const user = await registerUser(admin);
    const own = await signInFor(server, app, user, {
      scope: 'openid things:read offline_access',
      prompt: 'consent',
      resource: api.identifier,
    });
    const used = await signInFor(server, app, user, { scope: 'openid things:read', resource: api.identifier });
    await refreshed(server, used.refresh_token, app);
    const ended = await signInFor(server, app, user, { scope: 'openid things:read', resource: api.identifier });
    await post(server, '/oauth/revoke', { token: ended.refresh_token }, { as: app });
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
      revoked,
      person: own.access_token,
      refresh: own.refresh_token,
      used: used.refresh_token,
      ended: ended.access_token,
      code: (await authorize(server, app, user)).code,
    };
  }, 60_000);

  const asMachine = () => as(machine);
  const asGateway = () => as(gateway);
  const grant = (parameters: object = {}, headers: object = asMachine()): Sent =>
    ({
      path: '/oauth/token',
      parameters: { grant_type: 'client_credentials', scope: SCOPE, ...parameters },
      headers,
    }) as Sent;
  const inBody = () => ({ client_id: machine.client_id, client_secret: machine.client_secret });

  test.each<[string, () => Sent]>([
    ['a token', () => grant()],
    ['a token for two scopes', () => grant({ scope: 'things:read things:write' })],
    ['a scope twice', () => grant({ scope: `${SCOPE} ${SCOPE}` })],
    ['a token for a named API', () => grant({ resource: api.identifier })],
    ['a token by a secret in the body', () => grant(inBody(), {})],
    ['an opaque token', () => about(values.opaque, asMachine())],
    ['an opaque token, asked about by its API', () => about(values.opaque, asGateway())],
    [
      "a person's token, asked about by its API",
      () => about(values.person, asGateway(), { token_type_hint: 'access_token' }),
    ],
    ['a personal access token, asked about by its API', () => about(values.pat, asGateway())],
    ['a refresh token', () => about(values.refresh, as(app), { token_type_hint: 'refresh_token' })],
  ])('takes, and answers alike: %s', async (_, sent) => {
    expect(await ways.compare(sent())).toMatchObject({ status: 200, narrow: true });
  });

  const INACTIVE = { active: false };
  test.each<[string, () => Sent, object]>([
    ['an unknown token', () => about('a'.repeat(43), asMachine()), INACTIVE],
    ['a revoked token', () => about(values.revoked, asMachine()), { ...INACTIVE, inactive_reason: 'revoked' }],
    ['a revoked token, asked about by its API', () => about(values.revoked, asGateway()), INACTIVE],
    ['a refresh token that was used', () => about(values.used, as(app)), { ...INACTIVE, inactive_reason: 'consumed' }],
    ['a refresh token, asked about by the API', () => about(values.refresh, asGateway()), INACTIVE],
    ['a token of an ended grant', () => about(values.ended, as(app)), { ...INACTIVE, inactive_reason: 'revoked' }],
    ['an authorization code', () => about(values.code, as(app)), INACTIVE],
    ['a token of somebody else', () => about(values.person, asMachine()), INACTIVE],
    ['a personal access token that was taken back', () => about(values.takenBack, asGateway()), INACTIVE],
    ['a personal access token, asked about by a stranger', () => about(values.pat, asMachine()), INACTIVE],
  ])('takes, and says alike that it is not active: %s', async (_, sent, body) => {
    const answer = await ways.compare(sent());
    expect(answer).toMatchObject({ status: 200, narrow: true });
    expect(answer.body).toEqual(body);
  });

  test('takes, and says alike that it is not active: an expired token', async () => {
    const brief = await ways.known(await registerMachine(world.admin, SCOPE, { access_token_ttl: 1 }));
    const { body } = await ways.compare(grant({}, as(brief)));
    const question = { token: body.access_token };
    const later = async () => (await post(...ways.wide('/oauth/introspect'), question, { as: brief })).body;
    await eventually(async () => !(await later()).active, EXPIRY_MS);
    const answer = await ways.compare(about(body.access_token, as(brief)));
    expect(answer).toMatchObject({ narrow: true, body: { ...INACTIVE, inactive_reason: 'expired' } });
  }, 30_000);

  test.each<[string, () => Sent, number]>([
    ['a scope of another API', () => grant({ resource: api.identifier, scope: 'jwt:read' }), 400],
    ['no scope', () => grant({ scope: '' }), 200],
    ['a scope that nobody was granted', () => grant({ scope: 'things:read nothing' }), 400],
    ['openid', () => grant({ scope: 'openid' }), 400],
    ['two spaces between scopes', () => grant({ scope: 'things:read  things:write' }), 400],
    ['a space behind a scope', () => grant({ scope: `${SCOPE} ` }), 400],
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
    [
      'one that was mistyped',
      () =>
        about(
          values.pat?.replace(/.$/, (last) => (last === 'x' ? 'y' : 'x')),
          asGateway(),
        ),
      200,
    ],
    ['no token', () => about('', asMachine()), 400],
    ['what looks like no token at all', () => about('a b', asMachine()), 200],
    ['what is no JWT but has dots', () => about('a..b', asMachine()), 200],
  ])('leaves to the engine: %s', async (_, sent, status) => {
    const answer = await ways.compare(sent());
    expect(answer).toMatchObject({ status, narrow: false });
  });

  test.each<[string, boolean, (token: string) => string]>([
    ['as it is', true, (token) => `token=${token}`],
    [
      'with an escape that it needs not',
      true,
      (token) => `token=%${token.charCodeAt(0).toString(16)}${token.slice(1)}`,
    ],
    ['behind an empty hint', true, (token) => `token_type_hint=&token=${token}`],
    ['under an escaped name', false, (token) => `tok%65n=${token}`],
    ['behind a second ampersand', false, (token) => `token_type_hint=x&&token=${token}`],
    ['beside what has no name', false, (token) => `=x&token=${token}`],
    ['beside what has no value', false, (token) => `token_type_hint&token=${token}`],
    ['with a lone percent sign', false, (token) => `token=${token}%`],
    ['with what is no UTF-8', false, (token) => `token=${token}%ff`],
    ['with a control character', false, (token) => `token=${token}%00`],
  ])('reads a token %s as the engine does', async (_, narrow, body) => {
    const path = '/oauth/introspect';
    const answer = await ways.compare({ path, parameters: body(values.opaque ?? ''), headers: asMachine() });
    expect(answer.narrow).toBe(narrow);
  });

  test('gives tokens that are good on the other', async () => {
    const { body } = await ways.compare(grant());
    const answer = await post(
      ...ways.wide('/oauth/introspect'),
      { token: body.access_token },
      { headers: asMachine() },
    );
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
