/** Who is measured: the bare engine, Mintmark on its embedded Postgres, Mintmark on a real one. */
import { spawn } from 'node:child_process';
import { randomBytes } from 'node:crypto';
import { once } from 'node:events';
import { mkdtemp, readFile, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { createInterface } from 'node:readline';
import { fileURLToPath } from 'node:url';
import { connect } from '#src/cli/index.ts';
import { freePort, startMintmark } from '../demo/mintmark.ts';
import { personalTokens } from './personal.ts';
import type { Postgres } from './postgres.ts';

export interface Registered {
  readonly clientId: string;
  readonly clientSecret: string;
  readonly audience: string;
  readonly scope: string;
}

export interface Subject {
  readonly name: string;
  readonly url: string;
  readonly pid: number;
  readonly paths: { readonly '/token': string; readonly '/token/introspection': string };
  readonly registered: Registered;
  /** Makes as many personal access tokens as there are to be asked about; undefined where there are none. */
  readonly personal?: () => Promise<string[]>;
  /** What an answer promises. */
  readonly durable: string;
  /** How the client's secret is checked. */
  readonly secrets: string;
  stop(): Promise<void>;
}

const API = { audience: 'https://bench.example/api', scope: 'bench:run' };
export const MINTMARK_PATHS = { '/token': '/oauth/token', '/token/introspection': '/oauth/introspect' };
const HMAC = 'HMAC-SHA256 of a 256-bit secret, compared in constant time';

/** @param launcher what pins the server to its core */
export async function startBareEngine(launcher: readonly string[]): Promise<Subject> {
  const registered = { clientId: 'bench', clientSecret: secret(), ...API };
  const script = fileURLToPath(new URL('./bare-engine.ts', import.meta.url));
  const given = [registered.clientId, registered.clientSecret, registered.audience, registered.scope];
  const [command = '', ...args] = [...launcher, process.execPath, script, ...given];
  const child = spawn(command, args, { stdio: ['ignore', 'pipe', 'ignore'] });
  const ended = once(child, 'exit');
  process.once('exit', () => child.kill('SIGKILL'));
  const [line] = await Promise.race([
    once(createInterface(child.stdout), 'line') as Promise<[string]>,
    ended.then(() => Promise.reject(new Error('the bare engine did not start'))),
  ]);
  return {
    name: 'bare engine, in memory',
    url: (JSON.parse(line) as { url: string }).url,
    pid: child.pid ?? 0,
    paths: { '/token': '/token', '/token/introspection': '/token/introspection' },
    registered,
    durable: 'nothing: tokens are kept in a Map and end with the process',
    secrets: 'plain text, compared in constant time',
    async stop() {
      child.kill('SIGTERM');
      await ended;
    },
  };
}

/** @param postgres undefined: the embedded one */
export async function startSubject(launcher: readonly string[], postgres?: Postgres): Promise<Subject> {
  const dataDir = await mkdtemp(join(tmpdir(), 'mintmark-bench-'));
  const admin = { id: 'bench-admin', secret: secret() };
  const env = {
    MINTMARK_ADMIN_CLIENT_ID: admin.id,
    MINTMARK_ADMIN_CLIENT_SECRET: admin.secret,
    MINTMARK_SECRET_KEYS: secret(),
    ...(postgres && { DATABASE_URL: postgres.url }),
  };
  const server = await startMintmark({ port: await freePort(), dataDir, env, launcher });
  const registered = await register(server.url, admin);
  return {
    name: postgres ? 'Mintmark, Postgres' : 'Mintmark, embedded Postgres',
    url: server.url,
    pid: server.pid,
    paths: MINTMARK_PATHS,
    registered,
    personal: () => personalTokens(server.url, admin, registered),
    durable: postgres?.durable ?? (await embeddedDurability()),
    secrets: HMAC,
    async stop() {
      await server.stop();
      await rm(dataDir, { recursive: true, force: true });
    },
  };
}

export async function register(url: string, admin: { id: string; secret: string }): Promise<Registered> {
  const api = connect(url, async () => admin);
  await api.request('POST', '/apis', {
    identifier: API.audience,
    name: 'Bench',
    scopes: [{ name: API.scope, description: 'Be measured' }],
    access_token_format: 'opaque',
    access_token_ttl: 3600,
  });
  const client = await api.request('POST', '/clients', {
    client_name: 'Bench',
    grant_types: ['client_credentials'],
    redirect_uris: [],
    response_types: [],
    token_endpoint_auth_method: 'client_secret_basic',
    scope: API.scope,
  });
  const { client_id: clientId, client_secret: clientSecret } = client as { client_id: string; client_secret: string };
  return { clientId, clientSecret, ...API };
}

async function embeddedDurability(): Promise<string> {
  const manifest = new URL('../node_modules/@electric-sql/pglite/package.json', import.meta.url);
  const { version } = JSON.parse(await readFile(manifest, 'utf8')) as { version: string };
  return `committed to PGlite ${version} in the data directory before the answer; survives the end of the process`;
}

function secret(): string {
  return randomBytes(32).toString('base64url');
}
