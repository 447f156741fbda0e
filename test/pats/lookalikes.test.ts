import { randomBytes } from 'node:crypto';
import { describe, expect, test } from '@jest/globals';
import { isOpaquePat, looksLikePat, patValue } from '#src/oauth/pat-value.ts';
import { exchangePats } from '#src/provider/presented-pats.ts';
import { ENGINES } from '../support/database.ts';
import { API, type Instance, make, makeAccount, withRoom } from './room.ts';

/** One opaque token in 16 million began so by chance before they began with the time: as long as those, with no checksum. */
const likePat = () => `mmp_${randomBytes(32).toString('base64url').slice(4)}`;

async function issue({ db, tokens }: Pick<Instance, 'db' | 'tokens'>, value: string): Promise<void> {
  const clientId = `client-${randomBytes(6).toString('hex')}`;
  await db.query(`insert into clients (client_id, registration) values ($1, '{}')`, [clientId]);
  const now = Math.floor(Date.now() / 1000);
  await tokens.units.run(async () => {
    const id = tokens.idFor('token', value);
    tokens.units.open().tokens.set(id, {
      id,
      kind: 'access_token',
      format: 'opaque',
      clientId,
      accountId: undefined,
      grantId: undefined,
      grantType: 'client_credentials',
      scope: 'things:read',
      audience: API,
      userCode: undefined,
      issuedAt: now,
      expiresAt: now + 600,
      consumedAt: undefined,
      status: undefined,
      remainder: {},
    });
  });
}

describe.each(ENGINES)('An ordinary token that looks like a personal one on %s', (engine) => {
  const room = withRoom(engine);

  test('is taken for what it is', async () => {
    const { pats, tokens, ...here } = room();
    const value = likePat();
    expect(value).toHaveLength(43);
    expect([looksLikePat(value), isOpaquePat(value)]).toEqual([false, false]);
    await issue({ ...here, tokens }, value);
    expect(await tokens.authenticate(value, API)).toMatchObject({ scopes: new Set(['things:read']) });
    expect(await pats.authenticate(value, API, { ip: undefined, userAgent: undefined })).toEqual({
      refused: 'malformed',
    });
    const asked: string[] = [];
    const exchange = exchangePats({ pats, tokens }, async (token) => {
      asked.push(token);
      return token;
    });
    for (const toRevoke of [false, true]) expect(await exchange(value, { toRevoke })).toBe(value);
    expect(asked).toEqual([value, value]);
    expect(await here.revocation.revokeValue(value, { by: 'test' })).toBe(1);
    expect(await tokens.authenticate(value, API)).toBeUndefined();
  });

  test('is told from a personal one by its length alone, right or wrong', async () => {
    const { db, pats, tokens } = room();
    const { token } = await make(pats, await makeAccount(db));
    const none = async () => 'asked as another token';
    const exchange = exchangePats({ pats, tokens }, none);
    expect(tokens.references.isReference(await exchange(token))).toBe(true);
    for (const value of [patValue('A'.repeat(43)), `${token}0`, token.slice(0, -1), `${likePat()}A`]) {
      expect(looksLikePat(value)).toBe(true);
      expect(await exchange(value)).toBe('not-a-token-of-this-server');
    }
    // Nor does an ordinary one's length make it a personal one.
    expect(await pats.authenticate(token.slice(0, 43), API, { ip: undefined, userAgent: undefined })).toEqual({
      refused: 'malformed',
    });
  });
});
