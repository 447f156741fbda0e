/** What the doctor looks at, in the order in which one trouble explains the next. */
import { access, constants, stat } from 'node:fs/promises';
import { join } from 'node:path';
import type { Config } from '#src/config.ts';
import { DataDirectoryInUse, missingMigrations } from '#src/db/index.ts';
import { send } from './api.ts';
import { Refused } from './command.ts';
import { openApi } from './credentials.ts';
import { plainly } from './print.ts';

export interface Setting {
  readonly config: Config;
  /** Where the server should answer. */
  readonly url: string;
}

export interface Check {
  readonly check: string;
  /** A check without which this one would only repeat its trouble. */
  readonly needs?: string;
  readonly remedy: string;
  /**
   * @returns what was seen, in a few words
   * @throws {Refused} what is wrong
   */
  readonly look: (setting: Setting) => Promise<string>;
}

/** Whoever reads these is an administrator, or can open what is sealed in the database. */
const PRIVATE = ['admin.json', 'secrets.json', 'pgdata'];
/** A Date header counts whole seconds and the answer takes a while. Tokens are judged with 15 s of tolerance. */
const CLOCK_TOLERANCE_S = 5;

export const CHECKS: readonly Check[] = [
  {
    check: 'data directory',
    remedy: 'make it yours: chown -R it, chmod 700 it and pgdata, chmod 600 the files in it',
    look: dataDirectory,
  },
  {
    check: 'database',
    remedy: 'check DATABASE_URL, that Postgres runs, and that it lets this user in',
    look: database,
  },
  {
    check: 'migrations',
    needs: 'database',
    remedy: 'run mintmark migrate, or start the server',
    look: migrations,
  },
  {
    check: 'server',
    remedy: 'start it with npm start, or name it with --url',
    look: server,
  },
  {
    check: 'readiness',
    needs: 'server',
    remedy: 'the server runs but its database does not answer: see its log',
    look: readiness,
  },
  {
    check: 'issuer',
    needs: 'server',
    remedy: 'set MINTMARK_ISSUER to the URL that clients use',
    look: issuer,
  },
  {
    check: 'clock',
    needs: 'server',
    remedy: 'let NTP set the clocks of both machines',
    look: clock,
  },
  {
    check: 'credentials',
    needs: 'server',
    remedy: 'set MINTMARK_CLIENT_ID and MINTMARK_CLIENT_SECRET to those of an admin client',
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
  for (const name of PRIVATE) {
    const path = join(dataDir, name);
    const mode = (await stat(path).catch(() => undefined))?.mode ?? 0;
    if (mode & 0o077) throw new Refused(`${path} is open to other users of this machine`);
  }
  return dataDir;
}

/** Undefined where only the running server can look, because the embedded engine serves one process, or nothing is yet. */
async function missing({ config }: Setting): Promise<string[] | undefined> {
  const begun = config.database.engine === 'postgres' || (await exists(join(config.dataDir, 'pgdata')));
  if (!begun) return undefined;
  return missingMigrations(config).catch((error: Error) => {
    if (error instanceof DataDirectoryInUse) return undefined;
    throw new Refused(error.message);
  });
}

async function database(setting: Setting): Promise<string> {
  const names = await missing(setting);
  if (setting.config.database.engine === 'postgres') return 'Postgres answers';
  return names ? 'embedded, at rest' : 'embedded, in use by the server or not made yet';
}

async function migrations(setting: Setting): Promise<string> {
  const names = await missing(setting);
  if (!names) return 'the server applies them when it starts';
  if (names.length > 0) throw new Refused(`not applied: ${names.join(', ')}`);
  return 'all applied';
}

async function server({ url }: Setting): Promise<string> {
  await expectOk(url, '/healthz');
  return `answers at ${url}`;
}

async function readiness({ url }: Setting): Promise<string> {
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

async function exists(path: string): Promise<boolean> {
  return stat(path).then(
    () => true,
    () => false,
  );
}

async function expectOk(url: string, path: string): Promise<Response> {
  const response = await send(new URL(path, url));
  if (!response.ok) throw new Refused(`${path} answers ${response.status}`);
  return response;
}
