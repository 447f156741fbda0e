/** What this server signs and verifies itself, by keys that nobody outside can sign with. */
import { afterAll, beforeAll, describe, expect, test } from '@jest/globals';
import { createLocalJWKSet, decodeProtectedHeader, jwtVerify, SignJWT } from 'jose';
import { createDigests, createSeals } from '#src/crypto/index.ts';
import { createKeys, type Keys, SIGNING_ALGS } from '#src/keys/index.ts';
import { createTokens, presentedJwts } from '#src/tokens/index.ts';
import { ENGINES, withDatabase } from '../support/database.ts';

const SECRET = Buffer.alloc(32, 1);
const ISSUER = 'https://id.example';
const CLAIMS = { iss: ISSUER, jti: 'a-name', sub: 'Zoë' };

describe.each(ENGINES)('JWTs by the signing keys on %s', (engine) => {
  const database = withDatabase(engine);
  let keys: Keys;

  beforeAll(async () => {
    keys = await createKeys({ db: database(), seals: createSeals([SECRET]), log: { error() {} } });
  });
  afterAll(() => keys.close());

  /** By a key of ours, and not as we do it. */
  function signedOtherwise(header: object, claims: object = CLAIMS): Promise<string> {
    const { kid = '', ...key } = keys.current('ES256');
    return new SignJWT({ ...claims })
      .setProtectedHeader({ alg: 'ES256', typ: 'at+jwt', kid, ...header })
      .sign({ ...key, kid });
  }

  test.each(SIGNING_ALGS)('%s: others can verify ours, and we theirs', async (alg) => {
    const { compact, signingInput } = keys.sign(alg, { typ: 'at+jwt', nonce: 'one' }, CLAIMS);
    const jwt = await compact;
    expect(jwt.startsWith(`${signingInput}.`)).toBe(true);
    const published = (await keys.list()).map(({ publicJwk }) => publicJwk);
    const { payload, protectedHeader } = await jwtVerify(jwt, createLocalJWKSet({ keys: published }));
    expect(payload).toEqual(CLAIMS);
    expect(protectedHeader).toEqual({ alg, typ: 'at+jwt', kid: keys.current(alg).kid, nonce: 'one' });

    const { kid = '', ...key } = keys.current(alg);
    const theirs = await new SignJWT(CLAIMS).setProtectedHeader({ alg, typ: 'at+jwt', kid }).sign({ ...key, kid });
    // The second time from memory.
    for (const value of [jwt, theirs, jwt, theirs]) expect(await keys.verify(value, 'at+jwt')).toEqual(CLAIMS);
  });

  test.each([
    ['another type', { typ: 'JWT' }],
    ['no type', { typ: undefined }],
    ['no kid', { kid: undefined }],
    ['the kid of another algorithm', { kid: 'RS256' }],
    ['a parameter that must be understood', { crit: ['b64'], b64: true }],
  ])('one of ours with %s is not what was asked for', async (_what, changes) => {
    const named = 'kid' in changes && changes.kid ? { kid: keys.current('RS256').kid } : changes;
    const jwt = await signedOtherwise(named);
    expect(decodeProtectedHeader(jwt).alg).toBe('ES256');
    expect(await keys.verify(jwt, 'at+jwt')).toBeUndefined();
  });

  test('known as one type, it is not another', async () => {
    const jwt = await keys.sign('ES256', { typ: 'at+jwt' }, CLAIMS).compact;
    expect(await keys.verify(jwt, 'at+jwt')).toEqual(CLAIMS);
    expect(await keys.verify(jwt, 'pat+jwt')).toBeUndefined();
  });

  test('it is signed by the next key, and verified by both, from the moment another one signs', async () => {
    const before = await keys.sign('Ed25519', { typ: 'at+jwt' }, CLAIMS).compact;
    expect(await keys.verify(before, 'at+jwt')).toEqual(CLAIMS);
    await keys.rotate({ algs: ['Ed25519'], immediately: true });
    const after = await keys.sign('Ed25519', { typ: 'at+jwt' }, CLAIMS).compact;
    const { kid } = decodeProtectedHeader(before);
    expect(decodeProtectedHeader(after).kid).not.toBe(kid);
    expect(await keys.verify(before, 'at+jwt')).toEqual(CLAIMS);
    await keys.revoke(String(kid));
    expect(await keys.verify(before, 'at+jwt')).toBeUndefined();
    expect(await keys.verify(after, 'at+jwt')).toEqual(CLAIMS);
  });

  test('of what this server signed under a former address nothing is found', async () => {
    const db = database();
    const tokens = await createTokens({ db, digests: createDigests([SECRET]) });
    const find = presentedJwts({ issuer: ISSUER, keys, tokens });
    const here = await keys.sign('ES256', { typ: 'at+jwt' }, CLAIMS).compact;
    const there = await keys.sign('ES256', { typ: 'at+jwt' }, { ...CLAIMS, iss: 'https://old.example' }).compact;
    expect(await find(here)).toEqual({ id: tokens.references.idOf('token', 'a-name'), token: undefined });
    expect(await find(there)).toBeUndefined();
    await tokens.close();
  });
});
