import { describe, expect, test } from '@jest/globals';
import { LIST_SIZE, permutationOf } from '#src/tokens/status-permutation.ts';

const key = Buffer.alloc(32, 7);

describe('the order of indices in a status list', () => {
  test('uses each index exactly once', () => {
    const indexOf = permutationOf(key, 0);
    const seen = new Uint8Array(LIST_SIZE);
    for (let position = 0; position < LIST_SIZE; position += 1) seen[indexOf(position)] = 1;
    expect(seen.indexOf(0)).toBe(-1);
  });

  test('is the same for the same key and list, and another for any other', () => {
    const first = (with_: Buffer, list: number) =>
      Array.from({ length: 50 }, (_, position) => permutationOf(with_, list)(position));
    expect(first(key, 3)).toEqual(first(key, 3));
    expect(first(key, 3)).not.toEqual(first(key, 4));
    expect(first(key, 3)).not.toEqual(first(Buffer.alloc(32, 8), 3));
  });

  test('does not tell which of two tokens came first, nor that they came together', () => {
    const indexOf = permutationOf(key, 1);
    let rises = 0;
    let distance = 0;
    for (let position = 1; position < LIST_SIZE; position += 1) {
      const step = indexOf(position) - indexOf(position - 1);
      rises += step > 0 ? 1 : 0;
      distance += Math.abs(step);
    }
    expect(Math.abs(rises / LIST_SIZE - 0.5)).toBeLessThan(0.01);
    // Two random places are a third of the list apart on average.
    expect(Math.abs(distance / LIST_SIZE / LIST_SIZE - 1 / 3)).toBeLessThan(0.01);
  });
});
