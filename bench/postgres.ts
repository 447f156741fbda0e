/** A real Postgres to measure on: the one of TEST_DATABASE_URL, else a throw-away cluster as durable as an operator's. */
import { execFile, spawn } from 'node:child_process';
import { randomBytes } from 'node:crypto';
import { once } from 'node:events';
import { chown, mkdtemp, readFile, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { promisify } from 'node:util';
import pg from 'pg';
import { findPostgres } from '../test/support/postgres-cluster.ts';

export interface Postgres {
  readonly url: string;
  readonly durable: string;
  stop(): Promise<void>;
}

const run = promisify(execFile);
const START_TIMEOUT_MS = 20_000;

/** Undefined on a machine without Postgres. @param launcher what pins a cluster of our own */
export async function startPostgres(launcher: readonly string[] = []): Promise<Postgres | undefined> {
  const given = process.env.TEST_DATABASE_URL;
  if (given) return startDatabase(given);
  const bin = findPostgres();
  return bin ? startCluster(bin, launcher) : undefined;
}

/** A further database on the same server, empty. */
export async function addDatabase(first: Postgres): Promise<Postgres> {
  return { ...(await startDatabase(first.url)), durable: first.durable };
}

/** A database of our own on somebody's server, and gone afterwards. */
async function startDatabase(server: string): Promise<Postgres> {
  const name = `mintmark_bench_${randomBytes(6).toString('hex')}`;
  await administer(server, `create database ${name}`);
  const url = new URL(server);
  url.pathname = `/${name}`;
  return {
    url: url.href,
    durable: 'committed before the answer to the Postgres of TEST_DATABASE_URL, as durable as that is set up',
    stop: () => administer(server, `drop database ${name} with (force)`),
  };
}

async function administer(url: string, statement: string): Promise<void> {
  const client = new pg.Client({ connectionString: url });
  await client.connect();
  await client.query(statement).finally(() => client.end());
}

async function startCluster(bin: string, launcher: readonly string[]): Promise<Postgres> {
  const dir = await mkdtemp(join(tmpdir(), 'mintmark-bench-pg-'));
  const user = process.getuid?.() === 0 ? await unprivileged() : undefined;
  if (user) await chown(dir, user.uid, user.gid);
  const options = { cwd: dir, ...user };
  const data = join(dir, 'data');
  await run(join(bin, 'initdb'), ['-D', data, '-U', 'mintmark', '-A', 'trust', '-E', 'UTF8', '--no-locale'], options);

  // Only where it listens is changed. fsync and synchronous_commit stay on: they are what a commit costs.
  const [command = '', ...args] = [...launcher, join(bin, 'postgres')];
  const server = spawn(command, [...args, '-D', data, '-k', dir, '-c', 'listen_addresses='], {
    ...options,
    stdio: ['ignore', 'ignore', 'ignore'],
  });
  const ended = once(server, 'exit');
  process.once('exit', () => server.kill('SIGQUIT'));
  await ready(join(data, 'postmaster.pid'));
  const { stdout: version } = await run(join(bin, 'postgres'), ['--version']);
  return {
    url: `postgres://mintmark@localhost/postgres?host=${encodeURIComponent(dir)}`,
    durable: `committed to ${version.trim()} before the answer, fsync and synchronous_commit on`,
    async stop() {
      server.kill('SIGINT');
      await ended;
      await rm(dir, { recursive: true, force: true });
    },
  };
}

/** Postgres refuses to run as root. */
async function unprivileged(): Promise<{ uid: number; gid: number }> {
  const id = async (flag: string) => Number((await run('id', [flag, 'postgres'])).stdout);
  return { uid: await id('-u'), gid: await id('-g') };
}

/** Postgres writes its state into the last line of its pid file; pg_ctl waits for the same word. */
async function ready(pidFile: string): Promise<void> {
  const deadline = Date.now() + START_TIMEOUT_MS;
  while (!/^ready/m.test(await readFile(pidFile, 'utf8').catch(() => ''))) {
    if (Date.now() > deadline) throw new Error('postgres does not start');
    await sleep(50);
  }
}
