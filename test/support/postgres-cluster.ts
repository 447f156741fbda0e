/** A throw-away Postgres: on a Unix socket only, in a directory of its own, without the syncs that durability costs. */
import { type ChildProcess, execFile, spawn } from 'node:child_process';
import { existsSync, openSync, readdirSync, readFileSync } from 'node:fs';
import { chown, mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { delimiter, join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { promisify } from 'node:util';
import pg from 'pg';

export interface PostgresCluster {
  readonly url: string;
  stop(): Promise<void>;
}

const SETTINGS = {
  listen_addresses: '',
  max_connections: '200',
  // A power failure may take a throw-away cluster with it.
  fsync: 'off',
  synchronous_commit: 'off',
  full_page_writes: 'off',
};
const START_TIMEOUT_MS = 20_000;

/** The directory that holds `initdb` and `postgres`, or undefined on a machine without Postgres. */
export function findPostgres(): string | undefined {
  const versioned = (base: string, prefix: string) =>
    existsSync(base)
      ? readdirSync(base)
          .filter((name) => name.startsWith(prefix))
          .sort((a, b) => Number.parseInt(b.slice(prefix.length), 10) - Number.parseInt(a.slice(prefix.length), 10))
          .map((name) => join(base, name, 'bin'))
      : [];
  return [
    ...(process.env.PATH ?? '').split(delimiter),
    ...versioned('/usr/lib/postgresql', ''),
    ...versioned('/opt/homebrew/opt', 'postgresql@'),
    ...versioned('/usr/local/opt', 'postgresql@'),
  ].find((dir) => ['initdb', 'postgres'].every((name) => existsSync(join(dir, name))));
}

/** @param bin what `findPostgres` found */
export async function startPostgres(bin: string): Promise<PostgresCluster> {
  const dir = await mkdtemp(join(tmpdir(), 'mintmark-pg-'));
  const user = process.getuid?.() === 0 ? unprivileged() : undefined;
  if (user) await chown(dir, user.uid, user.gid);
  const options = { cwd: dir, ...user };
  const data = join(dir, 'data');
  const initdb = ['-D', data, '-U', 'mintmark', '-A', 'trust', '-E', 'UTF8', '--no-locale', '--no-sync'];
  await promisify(execFile)(join(bin, 'initdb'), initdb, options);

  const settings = Object.entries(SETTINGS).flatMap(([name, value]) => ['-c', `${name}=${value}`]);
  const log = join(dir, 'log');
  const server = spawn(join(bin, 'postgres'), ['-D', data, '-k', dir, ...settings], {
    ...options,
    stdio: ['ignore', 'ignore', openSync(log, 'a')],
  });
  // When the run ends without a teardown (an exception, a second Ctrl-C) nobody else would end the server.
  const orphaned = () => server.kill('SIGQUIT');
  process.once('exit', orphaned);

  const url = `postgres://mintmark@localhost/postgres?host=${encodeURIComponent(dir)}`;
  await answers(url, server).catch((cause: Error) => {
    throw new Error(`${cause.message}\n${readFileSync(log, 'utf8')}`, { cause });
  });
  return {
    url,
    async stop() {
      process.off('exit', orphaned);
      await ended(server, 'SIGINT');
      await rm(dir, { recursive: true, force: true });
    },
  };
}

/** Postgres refuses to run as root. */
function unprivileged(): { uid: number; gid: number } {
  const users = new Map(
    readFileSync('/etc/passwd', 'utf8')
      .split('\n')
      .map((line) => line.split(':'))
      .map(([name, , uid, gid]) => [name, { uid: Number(uid), gid: Number(gid) }]),
  );
  const user = users.get('postgres') ?? users.get('nobody');
  if (!user) throw new Error('root needs a user postgres or nobody to run Postgres as');
  return user;
}

async function answers(url: string, server: ChildProcess): Promise<void> {
  const deadline = Date.now() + START_TIMEOUT_MS;
  for (;;) {
    const client = new pg.Client({ connectionString: url });
    try {
      await client.connect();
      return await client.end();
    } catch (cause) {
      if (server.exitCode !== null) throw new Error(`postgres ended with code ${server.exitCode}`, { cause });
      if (Date.now() > deadline) throw new Error('postgres does not answer', { cause });
      await sleep(50);
    }
  }
}

async function ended(server: ChildProcess, signal: NodeJS.Signals): Promise<void> {
  if (server.exitCode !== null || server.signalCode !== null) return;
  const exit = new Promise<void>((resolve) => server.once('exit', () => resolve()));
  server.kill(signal);
  await exit;
}
