/** UserInfo on the narrow path and by the engine: who has a plain token is told the same by both, in the same order. */
import { connect } from 'node:net';
import { text } from 'node:stream/consumers';
import { beforeAll, describe, expect, test } from '@jest/globals';
import { authorize, get, granted, post, refreshed, signInFor, token } from '../endpoints/protocol.ts';
import { registerClient, registerUser } from '../support/clients.ts';
import { ENGINES } from '../support/database.ts';
import { as } from './both-ways.ts';
import { bearer, type Scene, startScene, USERINFO } from './scene.ts';

const AT_ONCE = 20;

describe.each(ENGINES)('UserInfo is answered on the narrow path as by the engine on %s', (engine) => {
  let scene: Scene;

  beforeAll(async () => {
    scene = await startScene(engine);
  }, 60_000);

  test.each([
    ['openid', ['sub']],
    ['openid email', ['sub', 'email']],
    ['profile openid', ['name', 'preferred_username', 'birthdate', 'locale', 'updated_at', 'sub']],
    ['phone address openid', ['phone_number', 'address', 'sub']],
    ['openid offline_access email', ['sub', 'email']],
  ])('takes, and says alike, in one order: what %s stands for', async (scope, names) => {
    const answer = await scene.ways.compare(bearer(await scene.tokenOf(scope, { prompt: 'consent' })));
    expect(answer).toMatchObject({ status: 200, narrow: true, body: { sub: scene.user.id } });
    expect(Object.keys(answer.body)).toEqual(names);
  });

  test.each<[string, () => Promise<string>]>([
    ['that came of a refresh', refreshedToken],
    ['that came of a password', passwordToken],
    [
      'whose client says something of itself',
      async () => scene.tokenOf('openid', {}, await scene.registered({ metadata })),
    ],
    ['whose client is public', publicToken],
    ['that was issued by the engine', issuedWide],
    ['of a request for claims one by one, which is not understood', () => scene.tokenOf('openid', { claims: ASKED })],
  ])('takes, and says alike, by a token %s', async (_, of) => {
    expect(await scene.ways.compare(bearer(await of()))).toMatchObject({
      status: 200,
      narrow: true,
      body: { sub: scene.user.id },
    });
  });

  const ASKED = JSON.stringify({ userinfo: { email: null, phone_number: { essential: true } } });
  const metadata = { team: 'harbour' };

  async function refreshedToken(): Promise<string> {
    const { refresh_token } = await scene.tokensOf();
    return granted(await refreshed(scene.world.server, refresh_token, scene.app)).access_token;
  }

  async function passwordToken(): Promise<string> {
    const client = await scene.registered({ grant_types: ['password'], redirect_uris: [] });
    const { username, password } = scene.user;
    const asked = { grant_type: 'password', username, password, scope: 'openid' };
    return granted(await token(scene.world.server, asked, { as: client })).access_token;
  }

  async function publicToken(): Promise<string> {
    const client = await registerClient(scene.world.admin, { token_endpoint_auth_method: 'none', first_party: true });
    return scene.tokenOf('openid email', {}, client);
  }

  async function issuedWide(): Promise<string> {
    const code = await authorize(scene.world.server, scene.app, scene.user, { visitor: scene.visitor });
    return granted(await post(...scene.ways.wide('/oauth/token'), code, { headers: as(scene.app) })).access_token;
  }

  test('says what is so now', async () => {
    const person = await registerUser(scene.world.admin);
    const value = (await signInFor(scene.world.server, scene.app, person, { scope: 'openid profile' })).access_token;
    await scene.world.admin.patch(`/users/${person.id}`, { name: 'Ann Other', claims: { nickname: 'annie' } });
    expect(await scene.ways.compare(bearer(value))).toMatchObject({
      narrow: true,
      body: { name: 'Ann Other', nickname: 'annie' },
    });
  });

  test('tells each of many at once of their own person', async () => {
    const people = await Promise.all([registerUser(scene.world.admin), registerUser(scene.world.admin)]);
    const pairs = await Promise.all(
      [...people, scene.user].map(async (person) => {
        const { access_token } = await signInFor(scene.world.server, scene.app, person);
        return { sub: person.id, headers: { authorization: `Bearer ${access_token}` } };
      }),
    );
    const asked = Array.from({ length: AT_ONCE }, () => pairs).flat();
    const answers = await Promise.all(asked.map(({ headers }) => get(scene.world.server, USERINFO, headers)));
    expect(answers.map(({ body }) => body)).toEqual(asked.map(({ sub }) => ({ sub })));
  });

  test.each([
    [{ userinfo_signed_response_alg: 'RS256' }, 400],
    [{ subject_type: 'pairwise' }, 422],
  ])('no client is registered with %j, so none is told anything else', async (member, status) => {
    expect(await scene.world.admin.patch(`/clients/${scene.app.client_id}`, member)).toMatchObject({ status });
  });

  test('answers in turn what was sent in one piece, a body among it', async () => {
    const { hostname, port } = new URL(scene.world.server.url);
    const value = await scene.tokenOf();
    const request = (presented: string, more: string[] = [], body = '') =>
      [`GET ${USERINFO} HTTP/1.1`, `host: ${hostname}`, `authorization: Bearer ${presented}`, ...more, '', body].join(
        '\r\n',
      );
    const socket = connect(Number(port), hostname);
    socket.write(request(value) + request('A'.repeat(43)) + request(value, ['content-length: 3'], 'a=b'));
    socket.write(request(value, ['transfer-encoding: chunked'], '0\r\n\r\n') + request(value, ['connection: close']));
    const answers = await text(socket);
    const statuses = [...answers.matchAll(/HTTP\/1\.1 (\d{3})/g)].map(([, status]) => status);
    expect(statuses).toEqual(['200', '401', '200', '200', '200']);
    const narrow = [...answers.matchAll(/x-request-id: (\S+)/gi)].map(([, id]) =>
      scene.ways.tookNarrowPath(id ?? null),
    );
    expect(await Promise.all(narrow)).toEqual([true, false, false, false, true]);
  });

  test('is logged with its method and whose token it was', async () => {
    const { headers } = await scene.ways.compare(bearer(await scene.tokenOf()));
    const line = scene.world.server
      .output()
      .split('\n')
      .find((one) => one.includes(String(headers.get('x-request-id'))));
    const said = { method: 'GET', path: USERINFO, status: 200, client_id: scene.app.client_id, narrow: true };
    expect(JSON.parse(line ?? '')).toMatchObject(said);
  });
});
