import { describe, expect, test } from '@jest/globals';
import { backoff } from '#src/webhooks/backoff.ts';

const HOUR = 3_600;
/** `Math.random` gives 0 and never 1. */
const [LOW, MIDDLE, HIGH] = [() => 0, () => 0.5, () => 1 - Number.EPSILON];

describe('The wait after a failure', () => {
  test('is five seconds at first, twice as long each time, and an hour at most', () => {
    const waits = Array.from({ length: 12 }, (_, no) => backoff(no + 1, MIDDLE));
    expect(waits).toEqual([5, 10, 20, 40, 80, 160, 320, 640, 1_280, 2_560, HOUR, HOUR]);
    expect(backoff(2_000, MIDDLE)).toBe(HOUR);
  });

  test.each([1, 4, 11, 30])('is half as long again or half as short (failure %i)', (failures) => {
    const middle = backoff(failures, MIDDLE);
    expect(backoff(failures, LOW)).toBe(middle * 0.5);
    expect(backoff(failures, HIGH)).toBeCloseTo(middle * 1.5);
  });

  test('is not the same for all that failed at one moment', () => {
    const waits = Array.from({ length: 200 }, () => backoff(1));
    expect(new Set(waits).size).toBeGreaterThan(100);
    expect(Math.min(...waits)).toBeGreaterThanOrEqual(2.5);
    expect(Math.max(...waits)).toBeLessThan(7.5);
  });
});
