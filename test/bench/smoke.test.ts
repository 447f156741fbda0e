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
  const child = spawn(process.execPath, [BENCH, ...args], { env, stdio: ['ignore', 'pipe', 'pipe'] });
  const exited = new Promise<number | null>((resolve) => child.once('close', resolve));
  const [stdout, stderr, code] = await Promise.all([text(child.stdout), text(child.stderr), exited]);
  return { code, stdout, stderr };
}

describe('npm run bench', () => {
  it('measures every case on every subject, and every answer is right', async () => {
    const { code, stdout, stderr } = await bench(['--smoke', '--json']);
    expect({ code, stderr: code === 0 ? '' : stderr }).toEqual({ code: 0, stderr: '' });
    const { subjects, cases, rows } = JSON.parse(stdout);
    expect(subjects).toHaveLength(currentRun().postgres ? 3 : 2);
    expect(rows).toHaveLength(subjects.length * cases.length);
    for (const row of rows) {
      expect(row.requests).toBeGreaterThan(0);
      expect(row.per_second).toBeGreaterThan(0);
      expect(row.p99_ms).toBeGreaterThanOrEqual(row.p50_ms);
      expect(row.ratio).toBeGreaterThan(0);
    }
  }, 120_000);

  it.each([['--seconds', '0'], ['--rounds', '1000'], ['--forever']])('refuses %s %s', async (...args) => {
    const { code, stderr } = await bench(args);
    expect(code).toBe(2);
    expect(stderr).toContain('Usage: npm run bench');
  });
});
