import { describe, expect, it } from '@jest/globals';
import { currentRun } from '../support/run.ts';
import { bench } from './bench.ts';

describe('npm run bench -- footprint', () => {
  it('starts every engine on a database that is there, and sees what is resident', async () => {
    const { code, stdout, stderr } = await bench(['footprint', '--rounds', '1', '--seconds', '1', '--json']);
    expect({ code, stderr: code === 0 ? '' : stderr }).toEqual({ code: 0, stderr: '' });
    const { engines } = JSON.parse(stdout);
    expect(engines.map(({ engine }: { engine: string }) => engine)).toEqual(
      currentRun().postgres ? ['embedded', 'Postgres'] : ['embedded'],
    );
    for (const { start, memory_mb: memory } of engines) {
      expect(start.discovery_ms.median).toBeGreaterThan(0);
      expect(start.token_ms.median).toBeGreaterThanOrEqual(start.discovery_ms.median);
      expect(memory.idle).toBeGreaterThan(0);
      expect(memory.peak).toBeGreaterThanOrEqual(memory.full_load_most);
      expect(memory.requests_per_second).toBeGreaterThan(0);
    }
  }, 120_000);

  it.each([['--rounds', '0'], ['--seconds', '1000'], ['--forever']])('refuses %s %s', async (...args) => {
    const { code, stderr } = await bench(['footprint', ...args]);
    expect(code).toBe(2);
    expect(stderr).toContain('npm run bench -- footprint');
  });
});
