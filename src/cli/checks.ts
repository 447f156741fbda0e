/** What the doctor looks at, in the order in which one trouble explains the next. */
import { access, constants, stat } from 'node:fs/promises';
import { join } from 'node:path';
import type { Config } from '#src/config.ts';
import { DataDirectoryInUse } from '#src/db/index.ts';
import { send } from './api.ts';
import { Refused } from './command.ts';
import { openApi } from './credentials.ts';
import { missingMigrations } from './database.ts';
import { plainly } from './print.ts';

export interface Setting {
  readonly config: Config;
  /** Where the server should answer. */
  readonly url: string;
}

export interface Check {
  readonly check: string;
  readonly remedy: string;
  /**
   * @returns what was seen, in a few words
   * @throws {Refused} what is wrong
   */
  readonly look: (setting: Setting) => Promise<string>;
}

/** A Date header counts whole seconds and the answer takes a while. Tokens are judged with 15 s of tolerance. */
const CLOCK_TOLERANCE_S = 5;

export const CHECKS: readonly Check[] = [
  {
    check: 'data directory',
    remedy: 'make it yours alone: chown it, chmod 700, and chmod 600 admin.json',
    look: dataDirectory,
  },
  {
    check: 'database',
    remedy: 'check DATABASE_URL, that Postgres runs, and that this machine may reach it',
    look: reachable,
  },
  { check: 'migrations', remedy: 'run mintmark migrate, or start the server', look: migrations },
  { check: 'server', remedy: 'start it with npm start, or name it with --url', look: healthy },
  { check: 'readiness', remedy: 'the server runs but its database does not answer: see its log', look: ready },
  { check: 'issuer', remedy: 'set MINTMARK_ISSUER to the URL that clients use', look: issuer },
  { check: 'clock', remedy: 'let NTP set the clocks of both machines', look: clock },
  {
    check: 'credentials',
    remedy: 'set MINTMARK_CLIENT_ID and MINTMARK_CLIENT_SECRET of an admin client',
    look: credentials,
  },
];

async function dataDirectory({ config: { dataDir, database } }: Setting): Promise<string> {
  const directory = await stat(dataDir).catch(() => undefined);
  if (!directory) return database.engine === 'embedded' ? `${dataDir} is made at the first start` : 'not used';
  if (!directory.isDirectory()) throw new Refused(`${dataDir} is not a directory`);
  await access(dataDir, constants.R_OK | constants.W_OK | constants.X_OK).catch(() => {
    throw new Refused(`${dataDir} cannot be read and written by this user`);
  });
  for (const path of [dataDir, join(dataDir, 'admin.json'), join(dataDir, 'secrets.json')]) {
    const mode = (await stat(path).catch(() => undefined))?.mode ?? 0;
    // Whoever reads these files is an administrator, or can open everything that is sealed in the database.
    if (mode & 0o077) throw new Refused(`${path} is open to other users of this machine`);
  }
  return dataDir;
}

/** Undefined where only the running server can look: the embedded engine serves one process. */
async function missing({ config }: Setting): Promise<string[] | undefined> {
  const begun =
    config.database.engine === 'postgres' || (await stat(join(config.dataDir, 'pgdata')).catch(() => undefined));
  if (!begun) return undefined;
  return missingMigrations(config).catch((error: unknown) => {
    if (error instanceof DataDirectoryInUse) return undefined;
    throw new Refused((error as Error).message);
  });
}

async function reachable(setting: Setting): Promise<string> {
  const state = await missing(setting);
  if (setting.config.database.engine === 'postgres') return 'Postgres answers';
  return state ? 'embedded, at rest' : 'embedded, held by the running server or not yet made';
}

async function migrations(setting: Setting): Promise<string> {
  const names = await missing(setting);
  if (!names) return 'applied at every start';
  if (names.length > 0) throw new Refused(`not applied: ${names.join(', ')}`);
  return 'all applied';
}

async function healthy({ url }: Setting): Promise<string> {
  await expectOk(url, '/healthz');
  return `answers at ${url}`;
}

async function ready({ url }: Setting): Promise<string> {
  await expectOk(url, '/readyz');
  return 'database included';
}

async function issuer({ config, url }: Setting): Promise<string> {
  const response = await expectOk(url, '/.well-known/openid-configuration');
  const document = (await response.json().catch(() => ({}))) as { issuer?: unknown };
  if (document.issuer === config.issuer) return config.issuer;
  throw new Refused(`the server calls itself ${plainly(document.issuer)}, the settings say ${config.issuer}`);
}

async function clock({ url }: Setting): Promise<string> {
  const response = await expectOk(url, '/healthz');
  const seconds = Math.round((Date.now() - Date.parse(response.headers.get('date') ?? '')) / 1000);
  if (Math.abs(seconds) <= CLOCK_TOLERANCE_S) return 'agrees with the server';
  throw new Refused(Number.isNaN(seconds) ? 'the server sends no Date' : `${seconds} s away from the server's`);
}

async function credentials({ url }: Setting): Promise<string> {
  const api = await openApi({ url, json: false });
  await api.request('GET', '/clients?limit=1').catch((error: Error) => {
    throw new Refused(error.message);
  });
  return 'the admin API accepts them';
}

async function expectOk(url: string, path: string): Promise<Response> {
  const response = await send(new URL(path, url));
  if (!response.ok) throw new Refused(`${path} answers ${response.status}`);
  return response;
}
