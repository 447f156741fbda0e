/** A program of ours as a child process: started without the developer's own settings, watched, ended. */
import { type ChildProcess, spawn } from 'node:child_process';
import { mkdir, rm, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { currentRun } from './run.ts';

export const MAIN = fileURLToPath(new URL('../../src/main.ts', import.meta.url));
/** No server of a test lives as long as it would take V8 to optimize the embedded engine: half a second of a core each time. */
export const SERVE = ['--liftoff-only', MAIN];
/** Where `mintmark` too keeps what is compiled of its sources, which is a third of the work of a start. */
export const COMPILED = fileURLToPath(new URL('../../.cache/compiled', import.meta.url));
const START_TIMEOUT_MS = 20_000;
const STOP_TIMEOUT_MS = 15_000;

export interface Exit {
  readonly code: number | null;
  readonly signal: NodeJS.Signals | null;
}

export interface Program {
  readonly process: ChildProcess;
  readonly exited: Promise<Exit>;
  output(): string;
}

export function spawnProgram(args: string[], env: Record<string, string>): Program {
  // Nothing of the developer's own settings: a DATABASE_URL in the shell must not become the tests' database.
  const inherited = Object.fromEntries(['PATH', 'HOME', 'TMPDIR'].map((name) => [name, process.env[name] ?? '']));
  const settings = { ...inherited, NODE_COMPILE_CACHE: COMPILED, ...env };
  const child = spawn(process.execPath, args, { env: settings, stdio: ['ignore', 'pipe', 'pipe'] });
  const chunks: Buffer[] = [];
  child.stdout.on('data', (chunk: Buffer) => chunks.push(chunk));
  child.stderr.on('data', (chunk: Buffer) => chunks.push(chunk));
  const exited = new Promise<Exit>((resolve) => child.once('close', (code, signal) => resolve({ code, signal })));
  return { process: child, exited: noted(child, exited), output: () => Buffer.concat(chunks).toString() };
}

/** Keeps a file named by the pid while the process lives: global teardown ends and reports what a crashed test left. */
async function noted(child: ChildProcess, exited: Promise<Exit>): Promise<Exit> {
  const dir = join(currentRun().dir, 'servers');
  await mkdir(dir, { recursive: true });
  const note = join(dir, String(child.pid));
  await writeFile(note, '');
  const exit = await exited;
  await rm(note, { force: true });
  return exit;
}

export async function printed(child: Program, words: string): Promise<void> {
  const ready = new Promise<'ready'>((resolve) => {
    child.process.stdout?.on('data', () => {
      if (child.output().includes(words)) resolve('ready');
    });
  });
  let timer: NodeJS.Timeout | undefined;
  const late = new Promise<'late'>((resolve) => {
    timer = setTimeout(resolve, START_TIMEOUT_MS, 'late');
  });
  const outcome = await Promise.race([ready, late, child.exited]).finally(() => clearTimeout(timer));
  if (outcome === 'ready') return;
  await ended(child, 'SIGKILL');
  throw new Error(`the server did not start (${outcome === 'late' ? 'too slow' : outcome.code}):\n${child.output()}`);
}

/** @throws when the process outlives the signal */
export async function ended(child: Program, signal: NodeJS.Signals): Promise<Exit> {
  let outlived = false;
  const timeout = setTimeout(() => {
    outlived = child.process.kill('SIGKILL');
  }, STOP_TIMEOUT_MS);
  child.process.kill(signal);
  const exit = await child.exited.finally(() => clearTimeout(timeout));
  if (outlived) throw new Error(`the server did not end on ${signal}:\n${child.output()}`);
  return exit;
}

/** Runs a program of ours that is expected to end by itself: a refused start, a command. */
export async function runProgram(args: string[], env: Record<string, string> = {}): Promise<Exit & { output: string }> {
  const child = spawnProgram(args, env);
  const timeout = setTimeout(() => child.process.kill('SIGKILL'), START_TIMEOUT_MS);
  const exit = await child.exited.finally(() => clearTimeout(timeout));
  return { ...exit, output: child.output() };
}

/** `src/main.ts` with these settings and no others, until it ends by itself. */
export const runMain = (env: Record<string, string>) => runProgram(SERVE, env);
