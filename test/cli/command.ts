/** The mintmark command as a shell would run it. */
import { spawn } from 'node:child_process';
import { text } from 'node:stream/consumers';
import { fileURLToPath } from 'node:url';
import type { Server } from '../support/server.ts';
import { rememberMembers } from '../support/vault.ts';

export const BIN = fileURLToPath(new URL('../../bin/mintmark.js', import.meta.url));
const TIMEOUT_MS = 20_000;

export interface Ran {
  readonly code: number | null;
  readonly stdout: string;
  readonly stderr: string;
  /** stdout, when --json was asked for. */
  readonly json: any;
}

export interface Shell {
  readonly env?: Record<string, string>;
  /** What stands on stdin. */
  readonly stdin?: string;
}

export async function mintmark(args: readonly string[], { env = {}, stdin = '' }: Shell = {}): Promise<Ran> {
  const inherited = Object.fromEntries(['PATH', 'HOME', 'TMPDIR'].map((name) => [name, process.env[name] ?? '']));
  const child = spawn(process.execPath, [BIN, ...args], { env: { ...inherited, ...env }, stdio: 'pipe' });
  const timeout = setTimeout(() => child.kill('SIGKILL'), TIMEOUT_MS);
  const exited = new Promise<number | null>((resolve) => child.once('close', resolve));
  // A command that reads no stdin may have ended before this is written.
  child.stdin.on('error', () => {}).end(stdin);
  const [stdout, stderr, code] = await Promise.all([text(child.stdout), text(child.stderr), exited]);
  clearTimeout(timeout);
  const json = args.includes('--json') && stdout.startsWith('{') ? JSON.parse(stdout) : undefined;
  rememberMembers(json);
  return { code, stdout, stderr, json };
}

/** The environment in which the command finds this server and may administer it. */
export function envOf(server: Server): Record<string, string> {
  return {
    MINTMARK_ISSUER: server.url,
    MINTMARK_DATA_DIR: server.dataDir,
    MINTMARK_CLIENT_ID: server.admin.client_id,
    MINTMARK_CLIENT_SECRET: server.admin.client_secret,
  };
}
