import { createHash, randomUUID } from 'node:crypto';
import { describe, expect, test } from '@jest/globals';
import { NotFound } from '#src/oauth/problems.ts';
import { ENGINES } from '../support/database.ts';
import { dumpDatabase } from '../support/dump.ts';
import { remember } from '../support/vault.ts';
import { type Room, withRoom } from './room.ts';

async function withCodes({ account, factors }: Room) {
  const owner = await account();
  const codes = await factors.recoveryCodes.generate(owner.id);
  for (const code of codes) {
    remember(code);
    remember(code.replace('-', ''));
  }
  const [code = '', ...others] = codes;
  return { ...owner, code, others, codes };
}

describe.each(ENGINES)('recovery codes, on %s', (engine) => {
  const room = withRoom(engine);

  test('ten different ones, of letters and digits that are not mistaken for each other', async () => {
    const { id, codes } = await withCodes(room());
    expect(new Set(codes).size).toBe(10);
    for (const code of codes) expect(code).toMatch(/^[0-9a-hjkmnp-tv-z]{5}-[0-9a-hjkmnp-tv-z]{5}$/);
    expect(await room().factors.of(id)).toMatchObject({
      recoveryCodesLeft: 10,
      recoveryCodesCreatedAt: expect.any(Date),
    });
  });

  test('each is good once', async () => {
    const { factors } = room();
    const { id, code, others } = await withCodes(room());
    expect(await factors.recoveryCodes.use(id, code)).toEqual({ outcome: 'accepted' });
    expect(await factors.recoveryCodes.use(id, code)).toEqual({ outcome: 'refused' });
    expect((await factors.of(id)).recoveryCodesLeft).toBe(9);
    expect(await factors.recoveryCodes.use(id, others[0] ?? '')).toEqual({ outcome: 'accepted' });
  });

  test.each<[string, (code: string) => string]>([
    ['in capitals', (code) => code.toUpperCase()],
    ['without its dash', (code) => code.replace('-', '')],
    ['with blanks', (code) => ` ${[...code].join(' ')}\n`],
    ['with another dash', (code) => code.replace('-', '\u2014')],
    ['full-width', (code) => code.replaceAll(/[0-9a-z]/g, (c) => String.fromCodePoint(c.charCodeAt(0) + 0xfee0))],
    ['with O for 0 and L for 1', (code) => code.toUpperCase().replaceAll('0', 'O').replaceAll('1', 'L')],
    ['with I for 1', (code) => code.replaceAll('1', 'i')],
  ])('is understood %s', async (_, write) => {
    const { id, code } = await withCodes(room());
    expect(await room().factors.recoveryCodes.use(id, write(code))).toEqual({ outcome: 'accepted' });
  });

  test.each([
    ['nothing', ''],
    ['nine characters', 'abcde-fgh1'],
    ['eleven characters', 'abcde-fgh123'],
    ['a U', 'abcde-fgh1u'],
    ['six digits', '123456'],
    ['NUL', 'abcde-fgh1\0'],
    ['a megabyte', 'a'.repeat(1_000_000)],
  ])('what cannot be one is malformed and no guess: %s', async (_, text) => {
    const { db, factors } = room();
    const { id } = await withCodes(room());
    expect(await factors.recoveryCodes.use(id, text)).toEqual({ outcome: 'malformed' });
    const { rows } = await db.query('select 1 from guesses where account_id = $1', [id]);
    expect(rows).toEqual([]);
  });

  test('one at two instances in the same instant is accepted once', async () => {
    const { factors, second } = room();
    for (let round = 0; round < 5; round += 1) {
      const { id, code } = await withCodes(room());
      const verdicts = await Promise.all(
        [factors, second, factors, second].map((instance) => instance.recoveryCodes.use(id, code)),
      );
      expect(verdicts.map(({ outcome }) => outcome).sort()).toEqual(['accepted', 'refused', 'refused', 'refused']);
    }
  });

  test("another account's are nobody's", async () => {
    const { factors } = room();
    const [ann, bob] = [await withCodes(room()), await withCodes(room())];
    expect(await factors.recoveryCodes.use(bob.id, ann.code)).toEqual({ outcome: 'refused' });
    expect(await factors.recoveryCodes.use(ann.id, ann.code)).toEqual({ outcome: 'accepted' });
  });

  test('new ones void the old', async () => {
    const { factors } = room();
    const { id, code, others } = await withCodes(room());
    await factors.recoveryCodes.use(id, code);
    const renewed = await factors.recoveryCodes.generate(id);
    expect((await factors.of(id)).recoveryCodesLeft).toBe(10);
    expect(await factors.recoveryCodes.use(id, others[0] ?? '')).toEqual({ outcome: 'refused' });
    expect(await factors.recoveryCodes.use(id, renewed[0] ?? '')).toEqual({ outcome: 'accepted' });
  });

  test('of two renewals at the same instant the codes of one live', async () => {
    const { factors, second } = room();
    const { id } = await withCodes(room());
    await Promise.all([factors, second, factors, second].map((instance) => instance.recoveryCodes.generate(id)));
    expect((await factors.of(id)).recoveryCodesLeft).toBe(10);
  });

  test('who has none is given ten, once; who has some left keeps them', async () => {
    const { factors, second, account } = room();
    const { id } = await account();
    const made = await Promise.all([factors, second, factors].map((one) => one.recoveryCodes.generateIfNone(id)));
    const [codes = [], ...others] = made.filter((given) => given !== undefined);
    expect([codes.length, others.length]).toEqual([10, 0]);
    for (const [used, code] of codes.entries()) {
      expect((await factors.of(id)).recoveryCodesLeft).toBe(10 - used);
      expect(await factors.recoveryCodes.generateIfNone(id)).toBeUndefined();
      expect(await factors.recoveryCodes.use(id, code)).toEqual({ outcome: 'accepted' });
    }
    expect(await factors.recoveryCodes.generateIfNone(id)).toHaveLength(10);
  });

  test('there are none for nobody, and none after they were taken away', async () => {
    const { factors } = room();
    await expect(factors.recoveryCodes.generate(randomUUID())).rejects.toThrow(NotFound);
    const { id, code } = await withCodes(room());
    expect(await factors.recoveryCodes.remove(id)).toBe(true);
    expect(await factors.recoveryCodes.remove(id)).toBe(false);
    expect(await factors.recoveryCodes.use(id, code)).toEqual({ outcome: 'refused' });
    expect(await factors.of(id)).toEqual({
      totp: undefined,
      passkeys: [],
      recoveryCodesLeft: 0,
      recoveryCodesCreatedAt: undefined,
    });
  });

  test('the database holds neither a code nor a hash without a key', async () => {
    const { id, codes } = await withCodes(room());
    const dump = await dumpDatabase(room().db);
    for (const shown of codes) {
      const code = shown.replace('-', '');
      for (const text of [shown, code, id + code]) {
        expect(dump).not.toContain(text);
        expect(dump).not.toContain(createHash('sha256').update(text).digest('hex'));
      }
    }
  });
});
