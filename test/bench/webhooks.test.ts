import { spawn } from 'node:child_process';
import { text } from 'node:stream/consumers';
import { fileURLToPath } from 'node:url';
import { describe, expect, it } from '@jest/globals';
import { currentRun } from '../support/run.ts';

const BENCH = fileURLToPath(new URL('../../bench/main.ts', import.meta.url));

async function bench(args: string[]): Promise<{ code: number | null; stdout: string; stderr: string }> {
  const { PATH = '', HOME = '' } = process.env;
  const url = currentRun().postgres?.url;
  const env = { PATH, HOME, ...(url && { TEST_DATABASE_URL: url }) };
  const child = spawn(process.execPath, [BENCH, 'webhooks', ...args], { env, stdio: ['ignore', 'pipe', 'pipe'] });
  const exited = new Promise<number | null>((resolve) => child.once('close', resolve));
  const [stdout, stderr, code] = await Promise.all([text(child.stdout), text(child.stderr), exited]);
  return { code, stdout, stderr };
}

describe('npm run bench -- webhooks', () => {
  it('delivers every event on every engine, and every refresh is answered', async () => {
    const little = ['--events', '40', '--hanging', '20', '--rounds', '1', '--seconds', '1', '--rate', '20'];
    const { code, stdout, stderr } = await bench([...little, '--json']);
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
    const { code, stderr } = await bench(args);
    expect(code).toBe(2);
    expect(stderr).toContain('npm run bench -- webhooks');
  });
});
