import { spawn } from 'node:child_process';
import { randomBytes } from 'node:crypto';
import { createServer } from 'node:net';
import { join } from 'node:path';
import { expect, test } from '@jest/globals';
import { currentRun } from '../support/run.ts';
import { blocks, ROOT, section, textOf } from './markdown.ts';

const tour = blocks(section(textOf('README.md'), '## A five-minute tour'));
const typed = tour.filter(({ language }) => language === 'sh').map(({ text }) => text);
const shown = tour.filter(({ language }) => language === '').map(({ text }) => text);

const TIMEOUT_MS = 120_000;

/** The member names of each line that is JSON: values differ from run to run, these must not. */
const answersIn = (output: string): string[][] =>
  output
    .split('\n')
    .filter((line) => /^\{".*\}$/.test(line))
    .map((line) => Object.keys(JSON.parse(line) as object));

test(
  "README's tour works as typed, and shows what README shows",
  async () => {
    const port = String(await freePort());
    const dataDir = join(currentRun().dir, `tour-${randomBytes(6).toString('hex')}`);
    const script = [...typed, 'wait']
      .join('\n')
      .replaceAll('localhost:3000', `localhost:${port}`)
      .replaceAll('.mintmark/', `${dataDir}/`)
      .replaceAll('mintmark.log', `${dataDir}.log`);

    const { code, stdout, stderr } = await shell(script, { PORT: port, MINTMARK_DATA_DIR: dataDir });

    expect({ code, stderr: code === 0 ? '' : stderr }).toEqual({ code: 0, stderr: '' });
    const answers = answersIn(shown.join('\n'));
    expect(answers).toContainEqual(['active', 'inactive_reason']);
    expect(answersIn(stdout)).toEqual(answers);
  },
  TIMEOUT_MS + 5_000,
);

async function shell(script: string, env: Record<string, string>) {
  const { PATH = '', HOME = '' } = process.env;
  // A group of its own, so that a server of a tour that failed half-way ends with it.
  const child = spawn('sh', ['-eu', '-c', script], { cwd: ROOT, env: { PATH, HOME, ...env }, detached: true });
  const output = { stdout: '', stderr: '' };
  for (const stream of ['stdout', 'stderr'] as const) {
    child[stream].setEncoding('utf8').on('data', (text: string) => {
      output[stream] += text;
    });
  }
  const late = setTimeout(() => endGroup(child.pid), TIMEOUT_MS);
  const closed = new Promise<void>((resolve) => child.once('close', () => resolve()));
  const code = await new Promise<number | null>((resolve) => child.once('exit', resolve));
  clearTimeout(late);
  endGroup(child.pid);
  await closed;
  return { code, ...output };
}

function endGroup(pid: number | undefined): void {
  try {
    if (pid) process.kill(-pid, 'SIGKILL');
  } catch {
    // Everybody has left it already.
  }
}

function freePort(): Promise<number> {
  return new Promise((resolve, reject) => {
    const server = createServer().once('error', reject);
    server.listen(0, '127.0.0.1', () => {
      const address = server.address();
      server.close(() => resolve(typeof address === 'object' && address ? address.port : 0));
    });
  });
}
