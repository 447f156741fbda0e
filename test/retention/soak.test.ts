import { describe, expect, test } from '@jest/globals';
import { bench } from '../bench/bench.ts';
import { currentRun } from '../support/run.ts';

describe('npm run bench -- soak', () => {
  test.each([[[]], [['--embedded']]])(
    'sees every token go that expired, and none that did not (%j)',
    async (where) => {
      const { code, stdout, stderr } = await bench(['soak', '--tokens', '2000', '--rate', '1000', '--json', ...where]);
      expect({ code, stderr: code === 0 ? '' : stderr }).toEqual({ code: 0, stderr: '' });
      const { removed, alive, lines } = JSON.parse(stdout);
      expect({ removed, alive }).toEqual({ removed: 2_000, alive: 200 });
      expect(lines.length).toBeGreaterThan(2);
      for (const { table_mb, indexes_mb, find_p50_us, find_p99_us } of lines) {
        expect(table_mb).toBeGreaterThan(0);
        expect(indexes_mb).toBeGreaterThan(0);
        expect(find_p99_us).toBeGreaterThanOrEqual(find_p50_us);
      }
    },
    90_000,
  );

  test.each([
    ['soak', '--tokens', '0'],
    ['soak', '--forever'],
    ['rules', '--seconds', '1000'],
  ])('refuses %s %s %s', async (...args) => {
    const { code, stderr } = await bench(args.filter((arg) => arg !== undefined));
    expect(code).toBe(2);
    expect(stderr).toContain('Usage: npm run bench -- soak');
  });
});

const onPostgres = currentRun().postgres ? describe : describe.skip;

onPostgres('npm run bench -- rules', () => {
  test('sees one rule refused at both servers', async () => {
    const { code, stdout, stderr } = await bench(['rules', '--tokens', '1000', '--seconds', '1', '--json']);
    expect({ code, stderr: code === 0 ? '' : stderr }).toEqual({ code: 0, stderr: '' });
    const { introspection, first_refusal_ms } = JSON.parse(stdout);
    expect(introspection.map(({ rules }: { rules: number }) => rules)).toEqual([0, 1, 20]);
    expect(first_refusal_ms).toEqual([expect.any(Number), expect.any(Number)]);
  }, 90_000);
});
