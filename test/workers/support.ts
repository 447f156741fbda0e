/** Who the workers of a started server are, and which of them answered. */
import { readFileSync } from 'node:fs';
import type { App } from '../races/app.ts';
import { adminApi, registerApi, registerClient, registerUser } from '../support/clients.ts';
import type { Server } from '../support/server.ts';

export const TWO_WORKERS = { MINTMARK_WORKERS: '2' };
export const SCOPE = 'openid things:read';

/** The pids of its living workers (Linux; elsewhere undefined). */
export function workerPids({ pid }: Pick<Server, 'pid'>): number[] | undefined {
  try {
    return readFileSync(`/proc/${pid}/task/${pid}/children`, 'utf8').trim().split(' ').filter(Boolean).map(Number);
  } catch {
    return undefined;
  }
}

interface Line {
  readonly msg?: string;
  readonly worker?: number;
  readonly path?: string;
  readonly status?: number;
  readonly refused?: number;
}

export function logLines(server: Pick<Server, 'output'>): Line[] {
  return server
    .output()
    .split('\n')
    .filter((line) => line.startsWith('{'))
    .map((line) => JSON.parse(line) as Line);
}

/** The workers that answered requests for this path, from the log. */
export function answerers(server: Server, path: string): Set<number | undefined> {
  return new Set(
    logLines(server)
      .filter((line) => line.msg === 'request' && line.path === path)
      .map(({ worker }) => worker),
  );
}

/** A confidential app with a user, and an API for its tokens. */
export async function registerApp(server: Server): Promise<App> {
  const admin = await adminApi(server);
  if ((await admin.get('/apis')).body.items.length === 1) await registerApi(admin);
  const user = await registerUser(admin);
  return { ...(await registerClient(admin, { scope: SCOPE, first_party: true })), user };
}
