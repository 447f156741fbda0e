import { describe, expect, it } from '@jest/globals';
import { currentRun } from '../support/run.ts';
import { bench } from './bench.ts';

const onPostgres = currentRun().postgres ? describe : describe.skip;

onPostgres('npm run bench -- size', () => {
  it('fills two stores with living tokens, and every answer about them is right', async () => {
    const few = ['--tokens', '30000', '--rounds', '1', '--seconds', '1'];
    const { code, stdout, stderr } = await bench(['size', ...few, '--json']);
    expect({ code, stderr: code === 0 ? '' : stderr }).toEqual({ code: 0, stderr: '' });
    const { stores, rows } = JSON.parse(stdout);
    const [small, large] = stores;
    // Beside them the administrator's own.
    expect([small.tokens, large.tokens]).toEqual([10_001, 30_001]);
    expect(large.table_mb).toBeGreaterThan(small.table_mb);
    expect(rows.map(({ what, at_once }: { what: string; at_once: number }) => [what, at_once])).toEqual([
      ['issue', 1],
      ['introspect', 1],
      ['issue', 32],
      ['introspect', 32],
    ]);
    for (const { p50_ratio } of rows) expect(p50_ratio).toBeGreaterThan(0);
  }, 120_000);
});

describe('npm run bench -- size', () => {
  it.each([['--tokens', '0'], ['--rounds', '1000'], ['--forever']])('refuses %s %s', async (...args) => {
    const { code, stderr } = await bench(['size', ...args]);
    expect(code).toBe(2);
    expect(stderr).toContain('npm run bench -- size');
  });
});
