/** The real server as a child process, started without the developer's own settings, awaited and ended. */
import { type ChildProcess, spawn } from 'node:child_process';
import { createServer } from 'node:net';
import { setTimeout as sleep } from 'node:timers/promises';
import { fileURLToPath } from 'node:url';

export interface Mintmark {
  /** The issuer, and where it listens. */
  readonly url: string;
  readonly pid: number;
  /** Settles when the process has ended, whoever ended it. */
  readonly ended: Promise<void>;
  stop(): Promise<void>;
}

export interface MintmarkOptions {
  readonly port: number;
  readonly dataDir: string;
  /** Further settings. */
  readonly env?: Readonly<Record<string, string>>;
  /** What to start node with: `['taskset', '-c', '0']`. */
  readonly launcher?: readonly string[];
}

/** What node is started with: what `npm start` runs. */
export const START = [fileURLToPath(new URL('../bin/mintmark.js', import.meta.url)), 'serve'];
const START_TIMEOUT_MS = 30_000;
const STOP_TIMEOUT_MS = 15_000;

/** Starts the server and waits until it answers with its database. Its complaints go to stderr. */
export async function startMintmark({ port, dataDir, env, launcher = [] }: MintmarkOptions): Promise<Mintmark> {
  // A DATABASE_URL in the shell must not become the database of a demo.
  const inherited = Object.fromEntries(['PATH', 'HOME', 'TMPDIR'].map((name) => [name, process.env[name] ?? '']));
  const [command = '', ...args] = [...launcher, process.execPath, ...START];
  const child = spawn(command, args, {
    env: { ...inherited, PORT: String(port), MINTMARK_DATA_DIR: dataDir, ...env },
    stdio: ['ignore', 'ignore', 'inherit'],
  });
  const ended = new Promise<void>((resolve) => child.once('close', () => resolve()));
  // An exception here must not leave a server behind.
  const orphaned = () => child.kill('SIGKILL');
  process.once('exit', orphaned);
  const url = `http://localhost:${port}`;
  await answers(url, child);
  return {
    url,
    pid: child.pid ?? 0,
    ended,
    async stop() {
      process.off('exit', orphaned);
      const late = setTimeout(() => child.kill('SIGKILL'), STOP_TIMEOUT_MS);
      child.kill('SIGTERM');
      await ended.finally(() => clearTimeout(late));
    },
  };
}

async function answers(url: string, child: ChildProcess): Promise<void> {
  const deadline = Date.now() + START_TIMEOUT_MS;
  for (;;) {
    const response = await fetch(`${url}/readyz`).catch(() => undefined);
    if (response?.ok) return;
    if (child.exitCode !== null) throw new Error(`the server ended with exit code ${child.exitCode}`);
    if (Date.now() > deadline) {
      child.kill('SIGKILL');
      throw new Error(`the server does not answer at ${url}`);
    }
    await sleep(50);
  }
}

/** The wanted port of the loopback interface if it is free, else one that is. */
export async function freePort(wanted = 0): Promise<number> {
  return (await listening(wanted)) ?? (await listening(0)) ?? 0;
}

function listening(port: number): Promise<number | undefined> {
  return new Promise((resolve) => {
    const server = createServer().once('error', () => resolve(undefined));
    server.listen(port, '127.0.0.1', () => {
      const address = server.address();
      server.close(() => resolve(typeof address === 'object' && address ? address.port : undefined));
    });
  });
}
