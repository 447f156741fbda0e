/** The real program in a process of its own, on a database of its own. */
import { randomBytes } from 'node:crypto';
import { readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { afterAll } from '@jest/globals';
import { type Engine, freshDatabase, type TestDatabase } from './database.ts';
import { freePort } from './free-port.ts';
import { ended, type Program, printed, SERVE, spawnProgram } from './program.ts';
import { currentRun } from './run.ts';
import { remember, secretsIn } from './vault.ts';

/** Servers of one file may share a database, so they share the secrets that an operator would set. */
const SECRET_KEYS = secret();
const ADMIN = { client_id: 'test-admin', client_secret: secret() };

export interface ServerOptions {
  readonly engine: Engine;
  /** Settings on top of the harness's own; an empty string unsets one. */
  readonly env?: Record<string, string>;
  /** A data directory that the test made or an earlier server left, instead of a fresh one. */
  readonly dataDir?: string;
  /** A database that the test made or another server uses, instead of a fresh one. */
  readonly databaseUrl?: string;
}

export interface Server {
  /** Where it listens. */
  readonly url: string;
  /** The same, except for a second instance. */
  readonly issuer: string;
  readonly engine: Engine;
  readonly dataDir: string;
  readonly databaseUrl: string | undefined;
  readonly admin: { client_id: string; client_secret: string };
  readonly pid: number;
  /** Everything printed so far, stdout and stderr. */
  output(): string;
  /** SIGTERM. @throws unless it ends in time, with code 0, and its output holds no secret */
  stop(): Promise<void>;
  /** SIGKILL: what a power failure does to a process. */
  kill(): Promise<void>;
}

let narrowPath: Record<string, string> = {};

/** All servers that this file starts from now on leave every request to the engine. */
export function withoutNarrowPath(): void {
  narrowPath = { MINTMARK_NARROW_PATH: 'off' };
}

const running = new Set<Server>();
const databases: TestDatabase[] = [];

// Registered by importing this file, so no test can forget it.
afterAll(async () => {
  const stops = await Promise.allSettled([...running].map((server) => server.stop()));
  const drops = await Promise.allSettled(databases.splice(0).map((database) => database.drop()));
  const reasons = [...stops, ...drops].filter((result) => result.status === 'rejected').map(({ reason }) => reason);
  if (reasons.length === 1) throw reasons[0];
  if (reasons.length > 1) throw new AggregateError(reasons, reasons.map(String).join('\n'));
}, 60_000);

/** Starts a server and waits until it is ready. It is stopped, and its database dropped, after the test file. */
export async function startServer(options: ServerOptions): Promise<Server> {
  const { dataDir, databaseUrl } = await storage(options);
  const settings = {
    MINTMARK_DATA_DIR: dataDir,
    ...(databaseUrl ? postgresSettings(databaseUrl) : {}),
    ...narrowPath,
    ...options.env,
  };
  const { child, port } = await listening(settings);
  const admin = databaseUrl ? ADMIN : JSON.parse(await readFile(join(dataDir, 'admin.json'), 'utf8'));
  remember(admin.client_secret);

  const server: Server = {
    url: `http://localhost:${port}`,
    issuer: options.env?.MINTMARK_ISSUER || `http://localhost:${port}`,
    engine: options.engine,
    dataDir,
    databaseUrl,
    admin,
    pid: child.process.pid ?? 0,
    output: child.output,
    async stop() {
      if (!running.delete(server)) return;
      const exit = await ended(child, 'SIGTERM');
      if (exit.code !== 0) throw new Error(`the server ended with ${exit.code ?? exit.signal}:\n${child.output()}`);
      const found = secretsIn(child.output());
      if (found.length > 0) throw new Error(`the server printed secrets: ${found.join(', ')}`);
    },
    async kill() {
      if (running.delete(server)) await ended(child, 'SIGKILL');
    },
  };
  running.add(server);
  return server;
}

/** Starts again where a stopped or killed server was: the same data, the same address. */
export function restart(server: Server, env: Record<string, string> = {}): Promise<Server> {
  const { engine, dataDir, databaseUrl, url } = server;
  const at = { PORT: new URL(url).port, MINTMARK_ISSUER: server.issuer };
  return startServer({ engine, dataDir, ...(databaseUrl ? { databaseUrl } : {}), env: { ...at, ...env } });
}

/** Another instance on the same Postgres, under the same issuer. */
export function secondInstance({ databaseUrl, issuer }: Server, env: Record<string, string> = {}): Promise<Server> {
  if (!databaseUrl) throw new Error('the embedded engine serves one process');
  return startServer({ engine: 'postgres', databaseUrl, env: { MINTMARK_ISSUER: issuer, ...env } });
}

/** Between finding a free port and listening on it somebody else may take it: then another one is tried. */
async function listening(settings: Record<string, string>, tries = 3): Promise<{ child: Program; port: string }> {
  const port = settings.PORT ?? String(await freePort());
  const child = spawnProgram(SERVE, { ...settings, PORT: port });
  try {
    await printed(child, '"msg":"ready"');
    return { child, port };
  } catch (error) {
    if (settings.PORT || tries === 0 || !child.output().includes('EADDRINUSE')) throw error;
    return listening(settings, tries - 1);
  }
}

async function storage({ engine, dataDir, databaseUrl }: ServerOptions) {
  if (dataDir && (databaseUrl || engine === 'embedded')) return { dataDir, databaseUrl };
  if (databaseUrl) return { dataDir: join(currentRun().dir, `data-${randomBytes(6).toString('hex')}`), databaseUrl };
  const database = await freshDatabase(engine);
  databases.push(database);
  return { dataDir: database.dataDir, databaseUrl: database.url };
}

function postgresSettings(databaseUrl: string): Record<string, string> {
  remember(ADMIN.client_secret);
  return {
    DATABASE_URL: databaseUrl,
    MINTMARK_SECRET_KEYS: SECRET_KEYS,
    MINTMARK_ADMIN_CLIENT_ID: ADMIN.client_id,
    MINTMARK_ADMIN_CLIENT_SECRET: ADMIN.client_secret,
  };
}

function secret(): string {
  return randomBytes(32).toString('base64url');
}
