import { readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { type CliSettings, readCliSettings } from '#src/config.ts';
import { type Api, type Credentials, connect } from './api.ts';
import { type Common, WrongUsage } from './command.ts';

/** What the server wrote on its first start: where it is, and a client that may administer it. */
interface AdminFile {
  readonly issuer: string;
  readonly client_id: string;
  readonly client_secret: string;
}

const DEFAULT_URL = 'http://localhost:3000';

/** Where the server is: `--url`, else the environment, else what the server itself wrote down. */
export async function serverUrl({ url }: Pick<Common, 'url'>, settings = readCliSettings()): Promise<string> {
  const wanted = url ?? settings.url ?? (await adminFile(settings))?.issuer ?? DEFAULT_URL;
  const parsed = URL.parse(wanted);
  if (parsed?.protocol === 'http:' || parsed?.protocol === 'https:') return parsed.origin;
  throw new WrongUsage(`--url is "${wanted}"; it must be an http(s) URL`);
}

export async function openApi(common: Common): Promise<Api> {
  const settings = readCliSettings();
  return connect(await serverUrl(common, settings), () => adminCredentials(settings));
}

async function adminCredentials(settings: CliSettings): Promise<Credentials> {
  if (settings.credentials) return settings.credentials;
  const file = await adminFile(settings);
  if (file) return { id: file.client_id, secret: file.client_secret };
  throw new WrongUsage(
    `no credentials: set MINTMARK_CLIENT_ID and MINTMARK_CLIENT_SECRET, or MINTMARK_DATA_DIR to where the server's admin.json is (not in ${settings.dataDir})`,
  );
}

async function adminFile({ dataDir }: CliSettings): Promise<AdminFile | undefined> {
  const path = join(dataDir, 'admin.json');
  try {
    return JSON.parse(await readFile(path, 'utf8')) as AdminFile;
  } catch (error) {
    const { code, message } = error as NodeJS.ErrnoException;
    if (code === 'ENOENT' || code === 'ENOTDIR') return undefined;
    throw new WrongUsage(`${path}: ${message}`);
  }
}
