import { spawn } from 'node:child_process';
import { text } from 'node:stream/consumers';
import { fileURLToPath } from 'node:url';
import { currentRun } from '../support/run.ts';

const BENCH = fileURLToPath(new URL('../../bench/main.ts', import.meta.url));

/** `npm run bench` with these arguments, on the Postgres of this test run if it has one. */
export async function bench(args: string[]): Promise<{ code: number | null; stdout: string; stderr: string }> {
  const { PATH = '', HOME = '' } = process.env;
  const url = currentRun().postgres?.url;
  const env = { PATH, HOME, ...(url && { TEST_DATABASE_URL: url }) };
  const child = spawn(process.execPath, [BENCH, ...args], { env, stdio: ['ignore', 'pipe', 'pipe'] });
  const exited = new Promise<number | null>((resolve) => child.once('close', resolve));
  const [stdout, stderr, code] = await Promise.all([text(child.stdout), text(child.stderr), exited]);
  return { code, stdout, stderr };
}
