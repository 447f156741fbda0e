/** What the narrow path leaves to the engine of UserInfo: whatever is not plain, and everything that is to be refused. */
import { beforeAll, describe, expect, test } from '@jest/globals';
import { proofKey } from '../endpoints/proofs.ts';
import { authorize, granted, introspect, post, signInFor, token } from '../endpoints/protocol.ts';
import { behind } from '../support/behind.ts';
import { REDIRECT_URI, registerUser } from '../support/clients.ts';
import { ENGINES } from '../support/database.ts';
import type { Sent } from './both-ways.ts';
import { bearer, type Scene, startScene, USERINFO } from './scene.ts';

describe.each(ENGINES)('UserInfo is left to the engine on %s', (engine) => {
  let scene: Scene;

  beforeAll(async () => {
    scene = await startScene(engine);
  }, 60_000);

  test.each<[string, (value: string) => Sent, number]>([
    ['a page of its client', (value) => bearer(value, { origin: new URL(REDIRECT_URI).origin }), 200],
    ['a page of another origin', (value) => bearer(value, { origin: 'https://elsewhere.example' }), 400],
    ['a cookie', (value) => bearer(value, { cookie: 'a=b' }), 200],
    ['a proof of a key', (value) => bearer(value, { dpop: 'x' }), 400],
    ['a personal access token beside', (value) => bearer(value, { 'private-token': 'x' }), 200],
    ['a parameter', (value) => ({ ...bearer(value), path: `${USERINFO}?scope=openid` }), 200],
    ['a parameter for a scope it has not', (value) => ({ ...bearer(value), path: `${USERINFO}?scope=email` }), 403],
    ['its token twice', (value) => ({ ...bearer(value), path: `${USERINFO}?access_token=${value}` }), 400],
    ['its token in the query', (value) => ({ path: `${USERINFO}?access_token=${value}` }), 400],
    ['its token in a form', (access_token) => ({ path: USERINFO, parameters: { access_token } }), 200],
    ['an empty form', (value) => ({ ...bearer(value), parameters: {} }), 200],
    [
      'its scheme in small letters',
      (value) => ({ path: USERINFO, headers: { authorization: `bearer ${value}` } }),
      200,
    ],
    ['two spaces', (value) => bearer(` ${value}`), 400],
    ['two schemes', (value) => bearer(`${value}, Basic YTpi`), 400],
    ['another scheme', (value) => ({ path: USERINFO, headers: { authorization: `DPoP ${value}` } }), 400],
    ['no token', () => ({ path: USERINFO }), 401],
    ['no token behind the scheme', () => bearer(''), 400],
    ['the method DELETE', (value) => ({ ...bearer(value), method: 'DELETE' }), 404],
    ['the method HEAD', (value) => ({ ...bearer(value), method: 'HEAD' }), 200],
    ['the method OPTIONS', (value) => ({ ...bearer(value), method: 'OPTIONS' }), 404],
  ])('leaves to the engine a request with %s', async (_, of, status) => {
    expect(await scene.ways.compare(of(await scene.tokenOf()))).toMatchObject({ status, narrow: false });
  });

  test('leaves to the engine what a browser asks before its page may (CORS)', async () => {
    const headers = {
      origin: new URL(REDIRECT_URI).origin,
      'access-control-request-method': 'GET',
      'access-control-request-headers': 'authorization',
    };
    const answer = await scene.ways.compare({ path: USERINFO, method: 'OPTIONS', headers });
    expect(answer).toMatchObject({ status: 204, narrow: false });
    expect(answer.headers.get('access-control-allow-origin')).toBe(headers.origin);
  });

  test.each<[string, () => Promise<string>, number]>([
    ['a token that nobody issued', async () => 'A'.repeat(43), 401],
    ['a token that was revoked', revoked, 401],
    ['a token of a grant that has ended', ended, 401],
    ['a refresh token', async () => (await scene.tokensOf()).refresh_token, 401],
    [
      'a code',
      async () => (await authorize(scene.world.server, scene.app, scene.user, { visitor: scene.visitor })).code,
      401,
    ],
    ['an ID token', async () => (await scene.tokensOf()).id_token, 401],
    ['a token of a machine', machineToken, 401],
    ['a token for an API', () => scene.tokenOf('openid things:read', { resource: scene.api.identifier }), 403],
    ['a JWT', () => scene.tokenOf('openid jwt:read', { resource: scene.signed.identifier }), 401],
    ['the name of a JWT', nameOfJwt, 401],
    ['a personal access token', personal, 401],
    ['a token without openid', () => scene.tokenOf('email profile'), 403],
    ['a token that is bound to a key', bound, 401],
    ['a token of a disabled user', disabledUser, 401],
    ['a token of a disabled client', disabledClient, 401],
  ])('leaves to the engine to refuse %s', async (_, of, status) => {
    expect(await scene.ways.compare(bearer(await of()))).toMatchObject({ status, narrow: false });
  });

  async function revoked(): Promise<string> {
    const value = await scene.tokenOf();
    await post(scene.world.server, '/oauth/revoke', { token: value }, { as: scene.app });
    return value;
  }

  async function ended(): Promise<string> {
    const { access_token, refresh_token } = await scene.tokensOf();
    await post(scene.world.server, '/oauth/revoke', { token: refresh_token }, { as: scene.app });
    return access_token;
  }

  async function machineToken(): Promise<string> {
    return scene.ofMachine(await scene.registeredMachine());
  }

  async function nameOfJwt(): Promise<string> {
    const value = await scene.tokenOf('openid jwt:read', { resource: scene.signed.identifier });
    return (await introspect(scene.world.server, value, scene.app)).jti;
  }

  async function personal(): Promise<string> {
    const wanted = { user_id: scene.user.id, name: 'Backup', scopes: ['things:read'], audience: scene.api.identifier };
    return (await scene.world.admin.post('/pats', wanted)).body.token;
  }

  async function bound(): Promise<string> {
    const key = await proofKey();
    const dpop = await key.prove('POST', `${scene.world.server.issuer}/oauth/token`);
    const code = await authorize(scene.world.server, scene.app, scene.user, { visitor: scene.visitor });
    return granted(await token(scene.world.server, code, { as: scene.app, headers: { dpop } })).access_token;
  }

  async function disabledUser(): Promise<string> {
    const person = await registerUser(scene.world.admin);
    const { access_token } = await signInFor(scene.world.server, scene.app, person);
    await scene.world.admin.post(`/users/${person.id}/disable`, { duration: null });
    return access_token;
  }

  async function disabledClient(): Promise<string> {
    const client = await scene.registered();
    const value = await scene.tokenOf('openid', {}, client);
    await scene.world.admin.patch(`/clients/${client.client_id}`, { disabled: true });
    return value;
  }

  test('leaves to the engine a token of a request that wants one claim beyond its scopes', async () => {
    const value = await scene.tokenOf('openid', { max_age: '600' });
    expect(await scene.ways.compare(bearer(value))).toMatchObject({ status: 200, narrow: false });
  });

  test('leaves to the engine whose claims lie elsewhere (Core §5.6.2)', async () => {
    const claims = {
      _claim_names: { address: 'post' },
      _claim_sources: { post: { endpoint: 'https://post.example' } },
    };
    const person = await registerUser(scene.world.admin, { claims });
    const value = (await signInFor(scene.world.server, scene.app, person, { scope: 'openid address' })).access_token;
    expect(await scene.ways.compare(bearer(value))).toMatchObject({ status: 200, narrow: false, body: claims });
  });

  // Nobody but its server opens the embedded database.
  if (engine === 'postgres') {
    test.each([
      ['a token that is over', "update tokens set expires_at = now() - interval '1 minute' where client_id = $1", 401],
      ['a token that has an audience', "update tokens set audience = 'x' where client_id = $1", 401],
      ['the row of a JWT', "update tokens set format = 'jwt' where client_id = $1", 401],
      ['a grant that is over', "update grants set expires_at = now() - interval '1 minute' where client_id = $1", 401],
      ['a grant of another client', "update grants set client_id = 'x' where client_id = $1", 401],
      ['a grant of another person', 'update grants set account_id = gen_random_uuid() where client_id = $1', 401],
      [
        'a grant without something that was asked for',
        `update grants set consented = consented || '{"rejected": {"openid": {"scope": "email"}}}' where client_id = $1`,
        200,
      ],
      [
        'a grant without openid',
        `update grants set consented = '{"openid": {"scope": "email"}}' where client_id = $1`,
        200,
      ],
    ])('leaves to the engine %s, though it has openid', async (_, statement, status) => {
      const client = await scene.registered();
      const value = await scene.tokenOf('openid email', {}, client);
      expect(await scene.ways.compare(bearer(value))).toMatchObject({ status: 200, narrow: true });
      await behind(scene.world.server, statement, [client.client_id]);
      expect(await scene.ways.compare(bearer(value))).toMatchObject({ status, narrow: false });
    });
  }
});
