/** What Mintmark is compared with: the engine without it, a server that does nothing, and one that checks passwords. */
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { createInterface } from 'node:readline';
import { fileURLToPath } from 'node:url';
import type { EngineSetup } from './bare-engine.ts';
import type { Postgres } from './postgres.ts';
import { madeUp, secret } from './registered.ts';
import type { Subject } from './subjects.ts';

const PATHS = {
  '/token': '/token',
  '/token/introspection': '/token/introspection',
  '/token/revocation': '/token/revocation',
  '/me': '/me',
  '/auth': '/auth',
};
const NOWHERE = { '/token': '/', '/token/introspection': '/', '/token/revocation': '/', '/me': '/', '/auth': '/' };

/** @param postgres undefined: in memory @param launcher what pins the server to its core */
export async function startBareEngine(launcher: readonly string[], postgres?: Postgres): Promise<Subject> {
  const { machine, application } = madeUp();
  const setup: EngineSetup = { machine, application, databaseUrl: postgres?.url };
  const server = await start(launcher, 'bare-engine.ts', [], setup);
  return {
    ...server,
    kind: postgres ? 'plain' : 'bare',
    name: postgres ? 'engine, plain Postgres adapter' : 'bare engine, in memory',
    paths: PATHS,
    registered: machine,
    application,
    postgres,
    durable: postgres
      ? `every row by a statement of its own, ${postgres.durable}; a code or refresh token used twice at once may pass twice`
      : 'nothing: tokens are kept in a Map and end with the process',
    secrets: 'client secrets are plain text, compared in constant time; passwords Argon2id as Mintmark has it',
  };
}

export async function startEcho(launcher: readonly string[]): Promise<Subject> {
  return {
    ...(await start(launcher, 'bare-server.ts', ['echo'])),
    kind: 'echo',
    name: 'node:http echo',
    paths: NOWHERE,
    registered: madeUp().machine,
    durable: 'nothing: the body is read and forgotten',
    secrets: 'none',
  };
}

export async function startArgon2(launcher: readonly string[]): Promise<Subject> {
  const password = secret();
  const { machine } = madeUp();
  return {
    ...(await start(launcher, 'bare-server.ts', ['argon2', password])),
    kind: 'argon2',
    name: 'Argon2 verification alone',
    paths: NOWHERE,
    registered: { ...machine, clientSecret: password },
    durable: 'nothing',
    secrets: `passwords by the same code as Mintmark's, on the same core, behind node:http alone`,
  };
}

/** A script that prints where it listens. */
async function start(launcher: readonly string[], script: string, args: readonly string[], setup?: EngineSetup) {
  const path = fileURLToPath(new URL(script, import.meta.url));
  const [command = '', ...rest] = [...launcher, process.execPath, path, ...args];
  const child = spawn(command, rest, { stdio: ['pipe', 'pipe', 'inherit'] });
  const ended = once(child, 'exit');
  const orphaned = () => child.kill('SIGKILL');
  process.once('exit', orphaned);
  child.stdin.end(`${JSON.stringify(setup ?? {})}\n`);
  const [line] = await Promise.race([
    once(createInterface(child.stdout), 'line') as Promise<[string]>,
    ended.then(() => Promise.reject(new Error(`${script} did not start`))),
  ]);
  return {
    url: (JSON.parse(line) as { url: string }).url,
    pid: child.pid ?? 0,
    async stop() {
      process.off('exit', orphaned);
      child.kill('SIGTERM');
      await ended;
    },
  };
}
