import { describe, expect, it } from '@jest/globals';
import { currentRun } from '../support/run.ts';
import { bench } from './bench.ts';

const LITTLE = ['--rounds', '1', '--seconds', '1', '--json'];

(currentRun().postgres ? describe : describe.skip)('npm run bench, with one Postgres for several servers', () => {
  it('workers: compares one process with two in every case', async () => {
    const { code, stdout, stderr } = await bench(['workers', ...LITTLE]);
    expect({ code, stderr: code === 0 ? '' : stderr }).toEqual({ code: 0, stderr: '' });
    const { rows } = JSON.parse(stdout);
    expect(rows.map(({ workers }: { workers: number }) => workers)).toEqual([1, 2, 1, 2, 1, 2, 1, 2]);
    for (const row of rows) {
      expect(row.perSecond).toBeGreaterThan(0);
      expect(row.ratio).toBeGreaterThan(0);
    }
  }, 120_000);

  it('saturation: every arrival is answered or refused, with a limit and without', async () => {
    const { code, stdout, stderr } = await bench(['saturation', '--limits', '8', ...LITTLE]);
    expect({ code, stderr: code === 0 ? '' : stderr }).toEqual({ code: 0, stderr: '' });
    const { rows } = JSON.parse(stdout);
    expect(rows.map(({ limit }: { limit: number | null }) => limit)).toEqual([8, null]);
    for (const row of rows) expect(row.answered_per_second).toBeGreaterThan(0);
    // Eight at once is far less than what is under way when twice as much arrives as can be done.
    expect(rows[0].refused_share).toBeGreaterThan(0);
    expect(rows[1].refused_share).toBe(0);
  }, 120_000);
});

describe('npm run bench', () => {
  it.each([
    ['workers', '--workers', '65'],
    ['workers', '--forever'],
    ['saturation', '--limits', '0'],
    ['saturation', '--limits', '8,many'],
  ])('refuses %s %s %s', async (...args) => {
    const { code, stderr } = await bench(args);
    expect(code).toBe(2);
    expect(stderr).toContain('Usage: npm run bench');
  });
});
