import { describe, expect, it } from '@jest/globals';
import { currentRun } from '../support/run.ts';
import { bench } from './bench.ts';

describe('npm run bench -- webhooks', () => {
  it('delivers every event on every engine, and every refresh is answered', async () => {
    const little = ['--events', '40', '--hanging', '20', '--rounds', '1', '--seconds', '1', '--rate', '20'];
    const { code, stdout, stderr } = await bench(['webhooks', ...little, '--json']);
    expect({ code, stderr: code === 0 ? '' : stderr }).toEqual({ code: 0, stderr: '' });
    const { subjects } = JSON.parse(stdout);
    expect(subjects).toHaveLength(currentRun().postgres ? 2 : 1);
    for (const { deliveries, rows } of subjects) {
      expect(deliveries).toHaveLength(3);
      for (const one of deliveries) expect(one.events).toBeGreaterThanOrEqual(40);
      expect(rows.map(({ beside }: { beside: string }) => beside)).toEqual([
        'no webhook',
        '1 healthy webhook',
        '20 that hang',
      ]);
      for (const row of rows) expect(row.full_per_second).toBeGreaterThan(0);
    }
  }, 240_000);

  it.each([['--hanging', '0'], ['--rounds', '1000'], ['--forever']])('refuses %s %s', async (...args) => {
    const { code, stderr } = await bench(['webhooks', ...args]);
    expect(code).toBe(2);
    expect(stderr).toContain('npm run bench -- webhooks');
  });
});
