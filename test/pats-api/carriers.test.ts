import { beforeAll, describe, expect, test } from '@jest/globals';
import { ENGINES } from '../support/database.ts';
import { basic } from '../support/http.ts';
import { bearer, makeOwn, mistyped, type Person, request, somebody, withPats } from './support.ts';

describe.each(ENGINES)('how a personal access token is carried, on %s', (engine) => {
  const world = withPats(engine);
  let ann: Person;
  let values: { opaque: string; jwt: string };

  beforeAll(async () => {
    ann = await somebody(world());
    const [opaque, jwt] = [
      await makeOwn(ann, 'account:read'),
      await ann.make({ audience: 'urn:mintmark:api', scopes: ['account:read'], format: 'jwt' }),
    ];
    values = { opaque: opaque.token, jwt: jwt.token };
  });

  const me = (headers: Record<string, string>) => request(world(), 'GET', '/me', { headers });
  const cookie = (value: string) => ({ cookie: `other=1; mintmark_pat=${value}` });

  const CARRIERS: [name: string, carry: (value: string) => Record<string, string>][] = [
    ['as Bearer', bearer],
    ['as bearer, in other letters', (value) => ({ authorization: `bEARER  ${value}` })],
    ['in PRIVATE-TOKEN', (value) => ({ 'PRIVATE-TOKEN': value })],
    ['as a password, without a user name', (value) => ({ authorization: basic('', value) })],
    ['as a password of anybody', (value) => ({ authorization: basic('git', value) })],
    ['as a password of its owner', (value) => ({ authorization: basic(ann.user.username, value) })],
    ['in a cookie', cookie],
    ['in several ways at once', (value) => ({ ...bearer(value), 'private-token': value, ...cookie(value) })],
  ];

  test.each(CARRIERS)('%s it opens what it is for', async (_name, carry) => {
    for (const value of Object.values(values)) {
      const { status, body } = await me(carry(value));
      expect({ status, id: body.id }).toEqual({ status: 200, id: ann.user.id });
    }
  });

  test.each(CARRIERS)('%s a mistyped one opens nothing', async (_name, carry) => {
    const { status, headers } = await me(carry(mistyped(values.opaque)));
    expect({ status, challenge: headers.get('www-authenticate') }).toEqual({
      status: 401,
      challenge: 'Bearer error="invalid_token"',
    });
  });

  test('two different ones at once are refused', async () => {
    const { opaque, jwt } = values;
    for (const headers of [
      { ...bearer(opaque), 'private-token': jwt },
      { ...bearer(opaque), ...cookie(jwt) },
      { authorization: basic('x', opaque), ...cookie(jwt) },
      { ...bearer(ann.session.token), 'private-token': opaque },
      { ...bearer(world().api.token), ...cookie(opaque) },
    ]) {
      expect((await me(headers)).status).toBe(400);
    }
  });

  test('a cookie is not taken from another site', async () => {
    const { issuer } = world().server;
    const sent = cookie(values.opaque);
    for (const headers of [
      { 'sec-fetch-site': 'cross-site' },
      { 'sec-fetch-site': 'same-site' },
      { origin: 'https://evil.example' },
      { origin: 'null' },
      { 'sec-fetch-site': 'same-origin', origin: 'https://evil.example' },
    ]) {
      expect((await me({ ...sent, ...headers })).status).toBe(401);
      const change = await request(world(), 'PATCH', '/me', {
        headers: { ...sent, ...headers },
        body: { name: 'Thief' },
      });
      expect(change.status).toBe(401);
    }
    for (const headers of [{ 'sec-fetch-site': 'same-origin' }, { 'sec-fetch-site': 'none' }, { origin: issuer }]) {
      expect((await me({ ...sent, ...headers })).status).toBe(200);
    }
  });

  test('what is no personal access token is Bearer or nothing', async () => {
    const { token } = ann.session;
    expect((await me(bearer(token))).status).toBe(200);
    for (const headers of [
      { 'private-token': token },
      { authorization: basic('x', token) },
      { cookie: `mintmark_pat=${token}` },
      { authorization: 'Basic ====' },
      { authorization: basic(ann.user.username, ann.user.password) },
    ]) {
      expect((await me(headers)).status).toBe(401);
    }
    // A password that a proxy on the way asked for is none of our business.
    expect((await me({ authorization: basic('proxy', 'secret'), 'private-token': values.opaque })).status).toBe(200);
  });

  test('neither query nor form carry one', async () => {
    expect((await request(world(), 'GET', `/me?access_token=${values.opaque}`)).status).toBe(401);
  });
});
