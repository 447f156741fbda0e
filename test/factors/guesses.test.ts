import { describe, expect, test } from '@jest/globals';
import type { Factors } from '#src/factors/index.ts';
import { ENGINES } from '../support/database.ts';
import { type Room, withRoom } from './room.ts';

const FREE = 5;
const LONGEST = 900;
const WRONG = '00000-00000';

async function guessWrongly(factors: Factors, accountId: string, times: number, device?: string) {
  for (let i = 0; i < times; i += 1) {
    expect(await factors.recoveryCodes.use(accountId, WRONG, device)).toEqual({ outcome: 'refused' });
  }
}

/** Five wrong guesses, and then one after each wait: until the wait is longer than a slow test takes. @returns the waits */
async function guessUntil(longest: number, { factors, letPass }: Room, accountId: string, device?: string) {
  const waits: number[] = [];
  await guessWrongly(factors, accountId, FREE, device);
  for (;;) {
    const verdict = await factors.recoveryCodes.use(accountId, WRONG, device);
    // On a slow machine the first wait, of a second, can be over by now.
    if (verdict.outcome === 'refused') continue;
    if (verdict.outcome !== 'wait') throw new Error(`a wrong code was ${verdict.outcome}`);
    waits.push(verdict.retryAfter);
    if (verdict.retryAfter > longest) return waits;
    await letPass(verdict.retryAfter);
    await guessWrongly(factors, accountId, 1, device);
  }
}

describe.each(ENGINES)('guessing at second factors, on %s', (engine) => {
  const room = withRoom(engine);

  test('after five wrong ones the next has to wait, right or wrong, of whichever factor', async () => {
    const { factors, withTotp, code } = room();
    const ann = await withTotp();
    await guessUntil(30, room(), ann.id);
    const verdict = await factors.totp.verify(ann.id, code(ann.secret));
    expect(verdict).toEqual({ outcome: 'wait', retryAfter: expect.any(Number) });
    expect(await factors.recoveryCodes.use(ann.id, WRONG)).toMatchObject({ outcome: 'wait' });
  });

  test('the wait grows with each further guess, to a quarter of an hour and no further', async () => {
    const { factors, withTotp, letPass } = room();
    const ann = await withTotp();
    const waits = await guessUntil(LONGEST - 5, room(), ann.id);
    expect(waits).toEqual(waits.toSorted((a, b) => a - b));
    expect(waits.at(0)).toBeLessThan(5);
    for (let i = 0; i < 2; i += 1) {
      await letPass(LONGEST);
      await guessWrongly(factors, ann.id, 1);
      const verdict = await factors.recoveryCodes.use(ann.id, WRONG);
      expect(verdict).toMatchObject({ outcome: 'wait' });
      expect('retryAfter' in verdict && verdict.retryAfter).toBeLessThanOrEqual(LONGEST);
    }
  });

  test('a hundred at once, at two instances, get no more looks than one after the other', async () => {
    const { factors, second, withTotp } = room();
    const ann = await withTotp();
    const start = performance.now();
    const verdicts = await Promise.all(
      Array.from({ length: 100 }, (_, i) => (i % 2 ? factors : second).recoveryCodes.use(ann.id, WRONG)),
    );
    const looks = verdicts.filter(({ outcome }) => outcome === 'refused').length;
    expect(verdicts.filter(({ outcome }) => outcome === 'wait')).toHaveLength(100 - looks);
    expect(looks).toBeGreaterThanOrEqual(FREE);
    // Waits of 1, 2, 4 … seconds may have passed on a slow machine.
    const seconds = (performance.now() - start) / 1000;
    expect(looks).toBeLessThanOrEqual(FREE + Math.floor(Math.log2(seconds + 1)));
  });

  test('a right code after the wait is accepted, and the count begins anew', async () => {
    const { factors, withTotp, code, letPass } = room();
    const ann = await withTotp();
    await guessUntil(30, room(), ann.id);
    await letPass(LONGEST);
    expect(await factors.totp.verify(ann.id, code(ann.secret))).toEqual({ outcome: 'accepted' });
    await guessWrongly(factors, ann.id, FREE);
  });

  test('strangers do not make the owner wait at a device that is known, and one account is not another', async () => {
    const { factors, withTotp, code } = room();
    const [ann, bob] = [await withTotp(), await withTotp()];
    await guessUntil(30, room(), ann.id);
    expect(await factors.totp.verify(ann.id, code(ann.secret))).toMatchObject({ outcome: 'wait' });
    expect(await factors.totp.verify(bob.id, code(bob.secret))).toEqual({ outcome: 'accepted' });
    expect(await factors.totp.verify(ann.id, code(ann.secret), 'known')).toEqual({ outcome: 'accepted' });
  });

  test('who guesses at a device that is known waits there as well', async () => {
    const { factors, withTotp } = room();
    const ann = await withTotp();
    await guessUntil(30, room(), ann.id, 'known');
    expect(await factors.recoveryCodes.use(ann.id, WRONG, 'known')).toMatchObject({ outcome: 'wait' });
  });
});
