/** Starts of one installation again and again: with the database that the first one made, and timed from the very beginning. */
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import type { Api } from '#src/cli/index.ts';
import { freePort, START } from '../demo/mintmark.ts';
import { apiOf, asSubject, MINTMARK_PATHS, settings } from './instances.ts';
import { cpuSeconds } from './machine.ts';
import type { Postgres } from './postgres.ts';
import { type Registered, registerMachine } from './registered.ts';
import { basic } from './requests.ts';
import type { Subject } from './subjects.ts';

export interface Started {
  readonly pid: number;
  /** From its creation until somebody had the right answer of discovery, and then an access token. */
  readonly discovery_ms: number;
  readonly token_ms: number;
  /** Of all its threads, until then. */
  readonly cpu_ms: number | undefined;
  stop(): Promise<void>;
}

export interface Installation {
  readonly name: string;
  readonly api: Api;
  start(launcher?: readonly string[]): Promise<Started>;
  asSubject(started: Started): Subject;
  remove(): Promise<void>;
}

const LONGEST_START_MS = 60_000;
const ASK_EVERY_MS = 5;

/** @param postgres undefined: the embedded one */
export async function install(postgres: Postgres | undefined): Promise<Installation> {
  const dataDir = await mkdtemp(join(tmpdir(), 'mintmark-footprint-'));
  const port = await freePort();
  const url = `http://localhost:${port}`;
  const api = apiOf(url);
  const name = postgres ? 'Postgres' : 'embedded';
  const env = {
    PATH: process.env.PATH ?? '',
    HOME: process.env.HOME ?? '',
    PORT: String(port),
    MINTMARK_DATA_DIR: dataDir,
    ...settings({ postgres }),
  };
  let registered: Registered | undefined;

  async function start(launcher: readonly string[] = []): Promise<Started> {
    const [command = '', ...args] = [...launcher, process.execPath, ...START];
    const from = performance.now();
    const child = spawn(command, args, { env, stdio: ['ignore', 'ignore', 'inherit'] });
    const ended = once(child, 'exit');
    const kill = () => child.kill('SIGKILL');
    process.once('exit', kill);
    const alive = () => child.exitCode === null && performance.now() - from < LONGEST_START_MS;
    await untilRight(alive, () => discovers(url));
    const discovered = performance.now();
    if (registered) await untilRight(alive, () => issues(url, registered as Registered));
    const pid = child.pid ?? 0;
    const cpu = cpuSeconds(pid);
    return {
      pid,
      discovery_ms: discovered - from,
      token_ms: performance.now() - from,
      cpu_ms: cpu && cpu * 1000,
      async stop() {
        process.off('exit', kill);
        child.kill('SIGTERM');
        await ended;
      },
    };
  }

  const first = await start();
  registered = await registerMachine(api);
  await first.stop();
  return {
    name,
    api,
    start,
    asSubject: ({ pid, stop }) => asSubject({ url, pid, stop }, registered as Registered, postgres),
    remove: () => rm(dataDir, { recursive: true, force: true }),
  };
}

async function untilRight(alive: () => boolean, ask: () => Promise<boolean>): Promise<void> {
  while (!(await ask().catch(() => false))) {
    if (!alive()) throw new Error('the server does not start');
    await sleep(ASK_EVERY_MS);
  }
}

async function discovers(url: string): Promise<boolean> {
  const answer = await fetch(`${url}/.well-known/openid-configuration`);
  return ((await answer.json()) as { issuer?: string }).issuer === url;
}

async function issues(url: string, registered: Registered): Promise<boolean> {
  const { scope, audience } = registered;
  const authorization = basic(registered);
  const body = new URLSearchParams({ grant_type: 'client_credentials', scope, resource: audience });
  const answer = await fetch(url + MINTMARK_PATHS['/token'], { method: 'POST', headers: { authorization }, body });
  return 'access_token' in ((await answer.json()) as object);
}
