import { describe, expect, test } from '@jest/globals';
import fc from 'fast-check';
import { ENGINES } from '../support/database.ts';
import { dumpDatabase } from '../support/dump.ts';
import { remember } from '../support/vault.ts';
import { rawBytes, withRoom } from './room.ts';

describe.each(ENGINES)('codes of an authenticator app, on %s', (engine) => {
  const room = withRoom(engine);

  test('enrolling shows one secret in three ways, and stores nothing before a code confirms it', async () => {
    const { factors, account, code } = room();
    const ann = await account();
    const { enrolment, secret, uri, qr } = factors.totp.begin(ann);
    remember(secret);
    remember(enrolment);

    expect(secret).toMatch(/^[A-Z2-7]{32}$/);
    expect(uri).toBe(`otpauth://totp/id.example.com:${ann.username}?secret=${secret}&issuer=id.example.com`);
    expect(qr).toMatch(/^<svg [^>]*viewBox="0 0 \d+ \d+"[^>]*>(<path [^>]*\/>)+<\/svg>$/);
    expect(qr).not.toMatch(/style|script|width=|height=/);
    expect((await factors.of(ann.id)).totp).toBeUndefined();

    expect(await factors.totp.confirm(ann.id, enrolment, code(secret))).toBe('confirmed');
    expect((await factors.of(ann.id)).totp).toEqual({ createdAt: expect.any(Date), lastUsedAt: undefined });
  });

  test('the code that confirmed is used up; the next one is not', async () => {
    const { factors, account, code, sleep } = room();
    const ann = await account();
    const { enrolment, secret } = factors.totp.begin(ann);
    await factors.totp.confirm(ann.id, enrolment, code(secret));
    expect(await factors.totp.verify(ann.id, code(secret))).toEqual({ outcome: 'refused' });
    sleep(30);
    expect(await factors.totp.verify(ann.id, code(secret))).toEqual({ outcome: 'accepted' });
    expect((await factors.of(ann.id)).totp?.lastUsedAt).toBeInstanceOf(Date);
  });

  test('a wrong or unreadable code confirms nothing, and the same enrolment goes on', async () => {
    const { factors, account, code } = room();
    const ann = await account();
    const { enrolment, secret, uri, qr } = factors.totp.begin(ann);
    expect(await factors.totp.confirm(ann.id, enrolment, code(secret, 5))).toBe('refused');
    expect(await factors.totp.confirm(ann.id, enrolment, '12345')).toBe('malformed');
    expect(factors.totp.resume(ann, enrolment)).toEqual({ enrolment, secret, uri, qr });
    expect(await factors.totp.confirm(ann.id, enrolment, ` ${code(secret, 1)} `)).toBe('confirmed');
  });

  test('one app for an account: a second enrolment is told so, also when both confirm at once', async () => {
    const { factors, second, account, code } = room();
    const ann = await account();
    const [one, two] = [factors.totp.begin(ann), factors.totp.begin(ann)];
    const answers = await Promise.all([
      factors.totp.confirm(ann.id, one.enrolment, code(one.secret)),
      second.totp.confirm(ann.id, two.enrolment, code(two.secret)),
    ]);
    expect(answers.sort()).toEqual(['confirmed', 'exists']);
  });

  test('an enrolment is good for 15 minutes and for the account it was begun for', async () => {
    const { factors, account, code, sleep } = room();
    const [ann, eve] = [await account(), await account()];
    const { enrolment, secret } = factors.totp.begin(eve);
    expect(await factors.totp.confirm(ann.id, enrolment, code(secret))).toBe('expired');
    expect(factors.totp.resume(ann, enrolment)).toBeUndefined();
    sleep(15 * 60 - 1);
    expect(factors.totp.resume(eve, enrolment)).toMatchObject({ secret });
    sleep(1);
    expect(factors.totp.resume(eve, enrolment)).toBeUndefined();
    expect(await factors.totp.confirm(eve.id, enrolment, code(secret))).toBe('expired');
  });

  test('whatever somebody makes up as an enrolment has expired', async () => {
    const { factors, account } = room();
    const ann = await account();
    const { enrolment } = factors.totp.begin(ann);
    const cut = fc.integer({ min: 0, max: enrolment.length - 1 }).map((length) => enrolment.slice(0, length));
    const flipped = fc.nat({ max: 59 }).map((index) => {
      const bytes = Buffer.from(enrolment, 'base64url');
      bytes[index] = (bytes[index] ?? 0) ^ 1;
      return bytes.toString('base64url');
    });
    fc.assert(
      fc.property(fc.oneof(fc.string({ unit: 'binary' }), fc.base64String(), cut, flipped), (made) => {
        expect(factors.totp.resume(ann, made)?.enrolment).toBeUndefined();
      }),
    );
    expect(await factors.totp.confirm(ann.id, 'A'.repeat(1_000_000), '123456')).toBe('expired');
  });

  test.each<[string, (code: string) => string]>([
    ['with a blank in the middle', (code) => `${code.slice(0, 3)} ${code.slice(3)}`],
    ['with blanks and a line end around it', (code) => `  ${code}\r\n`],
    ['with a no-break space', (code) => `${code.slice(0, 3)}\u00a0${code.slice(3)}`],
    ['with a dash', (code) => `${code.slice(0, 3)}\u2013${code.slice(3)}`],
    ['in full-width digits', (code) => code.replaceAll(/\d/g, (d) => String.fromCodePoint(0xff10 + Number(d)))],
  ])('a code is understood %s', async (_, write) => {
    const { factors, withTotp, code } = room();
    const ann = await withTotp();
    expect(await factors.totp.verify(ann.id, write(code(ann.secret)))).toEqual({ outcome: 'accepted' });
  });

  test.each([
    ['nothing', ''],
    ['five digits', '12345'],
    ['seven digits', '1234567'],
    ['letters', '12345a'],
    ['a sign', '+12345'],
    ['a decimal', '1234.5'],
    ['digits of another script', '١٢٣٤٥٦'],
    ['NUL', '12345\0'],
    ['a lone surrogate', '12345\ud800'],
    ['a megabyte', '1'.repeat(1_000_000)],
    ['six digits in a long text', `${' '.repeat(100)}123456`],
  ])('what cannot be a code is malformed and no guess: %s', async (_, text) => {
    const { db, factors, withTotp } = room();
    const ann = await withTotp();
    expect(await factors.totp.verify(ann.id, text)).toEqual({ outcome: 'malformed' });
    const { rows } = await db.query('select 1 from guesses where account_id = $1', [ann.id]);
    expect(rows).toEqual([]);
  });

  test.each([
    [-2, 'refused'],
    [-1, 'accepted'],
    [0, 'accepted'],
    [1, 'accepted'],
    [2, 'refused'],
  ])('the code of %i steps from now is %s', async (steps, outcome) => {
    const { factors, withTotp, code } = room();
    const ann = await withTotp();
    expect(await factors.totp.verify(ann.id, code(ann.secret, steps))).toEqual({ outcome });
  });

  test('an accepted code uses up those before it', async () => {
    const { factors, withTotp, code } = room();
    const ann = await withTotp();
    expect(await factors.totp.verify(ann.id, code(ann.secret, 1))).toEqual({ outcome: 'accepted' });
    for (const steps of [-1, 0, 1]) {
      expect(await factors.totp.verify(ann.id, code(ann.secret, steps))).toEqual({ outcome: 'refused' });
    }
  });

  test('one code at two instances in the same instant is accepted once', async () => {
    const { factors, second, withTotp, code } = room();
    for (let round = 0; round < 5; round += 1) {
      const ann = await withTotp();
      const now = code(ann.secret);
      const verdicts = await Promise.all(
        [factors, second, factors, second].map((instance) => instance.totp.verify(ann.id, now)),
      );
      expect(verdicts.map(({ outcome }) => outcome).sort()).toEqual(['accepted', 'refused', 'refused', 'refused']);
    }
  });

  test('who has no app, or has it no more, is refused', async () => {
    const { factors, account, withTotp, code } = room();
    const [ann, bob] = [await withTotp(), await account()];
    expect(await factors.totp.verify(bob.id, '123456')).toEqual({ outcome: 'refused' });
    expect(await factors.totp.verify(bob.id, code(ann.secret))).toEqual({ outcome: 'refused' });
    expect(await factors.totp.remove(ann.id)).toBe(true);
    expect(await factors.totp.remove(ann.id)).toBe(false);
    expect(await factors.totp.verify(ann.id, code(ann.secret))).toEqual({ outcome: 'refused' });
  });

  test('the database holds no secret that it could be opened with', async () => {
    const { db, withTotp } = room();
    const { secret, id } = await withTotp();
    const { rows } = await db.query<{ secret: Buffer }>('select secret from totp where account_id = $1', [id]);
    expect(rows[0]?.secret).toHaveLength(4 + 12 + 16 + 20);
    const dump = await dumpDatabase(db);
    expect(dump).toContain(rows[0]?.secret.toString('hex'));
    expect(dump).not.toContain(secret);
    expect(dump).not.toContain(rawBytes(secret).toString('hex'));
  });
});
