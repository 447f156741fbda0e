import { inflateSync } from 'node:zlib';
import { describe, expect, test } from '@jest/globals';
import { createLocalJWKSet, decodeJwt, jwtVerify, SignJWT } from 'jose';
import { ENGINES } from '../support/database.ts';
import { API, age, api, DAY, FROM, type Instance, ISSUER, make, makeAccount, rotate, withRoom } from './room.ts';

/** As an API does that never asks us: by the published keys alone. */
async function verifyOffline({ keys }: Pick<Instance, 'keys'>, jwt: string, audience = API) {
  const published = createLocalJWKSet({ keys: (await keys.list()).map(({ publicJwk }) => publicJwk) });
  return jwtVerify(jwt, published, { issuer: ISSUER, audience, typ: 'pat+jwt' });
}

async function isEnded({ statusLists }: Pick<Instance, 'statusLists'>, jwt: string): Promise<boolean> {
  const { idx, uri } = (decodeJwt(jwt).status as { status_list: { idx: number; uri: string } }).status_list;
  expect(uri).toMatch(new RegExp(`^${ISSUER}/status/\\d+$`));
  const list = await statusLists.read(Number(uri.split('/').at(-1)));
  const { status_list } = decodeJwt(list?.jwt ?? '') as { status_list: { lst: string } };
  const bits = inflateSync(Buffer.from(status_list.lst, 'base64url'));
  return (((bits[idx >> 3] ?? 0) >> (idx & 7)) & 1) === 1;
}

describe.each(ENGINES)('A signed personal access token on %s', (engine) => {
  const room = withRoom(engine);
  const refused = async (token: string) => (await room().pats.authenticate(token, API, FROM)).refused;
  /** A copy of the list is served for a second. */
  const fresh = async () => {
    const { close, statusLists } = await room().another({});
    await close();
    return { statusLists };
  };

  test('is verified without asking, and says what its record says', async () => {
    const { db, pats, second, ...here } = room();
    const owner = await makeAccount(db);
    const { token, pat } = await make(pats, owner, { format: 'jwt', scopes: ['things:read', 'things:write'] });
    const { payload, protectedHeader } = await verifyOffline(here, token);
    expect(protectedHeader).toEqual({ alg: 'ES256', typ: 'pat+jwt', kid: here.keys.current('ES256').kid });
    expect(payload).toEqual({
      iss: ISSUER,
      sub: owner,
      aud: API,
      client_id: 'urn:mintmark:account',
      scope: 'things:read things:write',
      iat: pat.createdAt.getTime() / 1000,
      exp: pat.expiresAt.getTime() / 1000,
      jti: expect.stringMatching(/^[\w-]{22}$/),
      status: { status_list: { idx: expect.any(Number), uri: expect.any(String) } },
    });
    for (const instance of [pats, second.pats]) {
      expect((await instance.authenticate(token, API, FROM)).pat).toMatchObject({ id: pat.id, accountId: owner });
    }
  });

  test('is signed as its API wants, by a key that is published for as long as it lives', async () => {
    const { db, pats, apis, ...here } = room();
    const rsa = { ...api('RSA', ['r']), identifier: 'https://rsa.example', signingAlg: 'RS256' as const };
    await apis.create(rsa);
    const { token } = await make(pats, await makeAccount(db), {
      format: 'jwt',
      audience: rsa.identifier,
      scopes: ['r'],
      expiresInDays: 90,
    });
    await here.keys.rotate({ algs: ['RS256'], immediately: true });
    const { protectedHeader } = await verifyOffline(here, token, rsa.identifier);
    expect(protectedHeader.alg).toBe('RS256');
    const key = (await here.keys.list()).find(({ kid }) => kid === protectedHeader.kid);
    expect(key?.retiresAt?.getTime()).toBeGreaterThan(Date.now() + 89.9 * DAY * 1000);
    expect((await pats.authenticate(token, rsa.identifier, FROM)).refused).toBeUndefined();
  });

  test('its status tells whoever never asks that it ended', async () => {
    const { db, pats, another } = room();
    const owner = await makeAccount(db);
    const [one, replaced, other] = [
      await make(pats, owner, { format: 'jwt' }),
      await make(pats, owner, { format: 'jwt' }),
      await make(pats, owner, { format: 'jwt' }),
    ];
    expect(await isEnded(await fresh(), one.token)).toBe(false);
    await pats.revokeValue(one.token, 'test');
    const next = await rotate(pats, owner, replaced.pat.id, 600);
    expect(await isEnded(await fresh(), replaced.token)).toBe(false);
    await age(db, replaced.pat.id, 601);
    const lists = await fresh();
    for (const { token } of [one, replaced]) expect(await isEnded(lists, token)).toBe(true);
    for (const { token } of [next, other]) expect(await isEnded(lists, token)).toBe(false);
    const off = await another({ enabled: false });
    expect(await isEnded(off, other.token)).toBe(true);
    await off.close();
  });

  test('neither its name nor a changed copy opens anything', async () => {
    const { db, pats, keys } = room();
    const { token } = await make(pats, await makeAccount(db), { format: 'jwt' });
    const [header = '', claims = '', signature = ''] = token.split('.');
    const payload = decodeJwt(token);
    expect(await refused(payload.jti ?? '')).toBe('malformed');
    const more = Buffer.from(JSON.stringify({ ...payload, scope: 'things:write' })).toString('base64url');
    const none = Buffer.from(JSON.stringify({ alg: 'none', typ: 'pat+jwt' })).toString('base64url');
    for (const value of [`${header}.${more}.${signature}`, `${none}.${claims}.`, `${header}.${claims}.`]) {
      expect(await refused(value)).toBe('unknown');
    }
    // Signed by us, but as something else: an access token is no personal one.
    const key = keys.current('ES256');
    const sign = (typ: string) =>
      new SignJWT(payload).setProtectedHeader({ alg: 'ES256', typ, kid: key.kid ?? '' }).sign(key);
    expect(await refused(await sign('at+jwt'))).toBe('malformed');
    expect(await refused(await sign('pat+jwt'))).toBeUndefined();
  });

  test('is reported and ended by its value, even as an equally valid copy', async () => {
    const { db, pats } = room();
    const owner = await makeAccount(db);
    const { token } = await make(pats, owner, { format: 'jwt' });
    expect(await pats.report([token, token.slice(0, -2)], FROM)).toBe(1);
    expect(await refused(token)).toBe('revoked');
  });

  test('a replaced one that is used ends its family', async () => {
    const { db, pats } = room();
    const owner = await makeAccount(db);
    const old = await make(pats, owner, { format: 'jwt' });
    const next = await rotate(pats, owner, old.pat.id);
    expect(await refused(old.token)).toBe('replaced');
    expect(await refused(next.token)).toBe('revoked');
    expect(await isEnded(await fresh(), next.token)).toBe(true);
  });
});
