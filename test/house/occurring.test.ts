import { describe, expect, test } from '@jest/globals';
import fc from 'fast-check';
import { occurring, SHORTEST } from '../support/occurring.ts';

const some = (minLength: number) =>
  fc.oneof(
    fc.string({ minLength, unit: fc.constantFrom('a', 'b') }),
    fc.string({ minLength, unit: 'binary' }),
    fc.base64String({ minLength }),
  );

describe('Strings that are searched for all at once', () => {
  test('are found where each would be found by itself', () => {
    const texts = fc.array(some(SHORTEST), { maxLength: 20 }).chain((wanted) =>
      fc.record({
        wanted: fc.constant(wanted),
        text: fc.array(fc.oneof(some(0), fc.constantFrom('', ...wanted)), { maxLength: 10 }).map((all) => all.join('')),
      }),
    );
    fc.assert(
      fc.property(texts, ({ wanted, text }) => {
        const each = wanted.filter((one) => text.includes(one));
        expect([...occurring(wanted, text)].sort()).toEqual([...new Set(each)].sort());
      }),
    );
  });

  test('are found at the beginning, at the end, in one another and side by side', () => {
    const wanted = ['abcdefgh', 'abcdefghi', 'defghijk', 'mnopqrst', 'uvwxyzäö', 'not there'];
    expect(occurring(wanted, 'abcdefghijkl mnopqrstuvwxyzäö')).toEqual(new Set(wanted.slice(0, -1)));
    expect(occurring(['abcdefgh'], 'abcdefg')).toEqual(new Set());
  });

  test('are not too short', () => {
    expect(() => occurring(['abcdefg'], '')).toThrow('too short');
  });
});
