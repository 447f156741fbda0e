/**
 * The secrets a server needs before it can open anything: from the settings, or, in embedded mode, made once and kept in
 * the data directory. `secrets.json` is the server's own; `admin.json` is for the person who operates it.
 */
import { open, readFile, rename } from 'node:fs/promises';
import { join } from 'node:path';
import { z } from 'zod';
import { type Config, InvalidSetting } from './config.ts';
import { randomId, randomSecret } from './crypto/index.ts';

export interface Secrets {
  readonly keys: readonly Buffer[];
  /** The first admin client; undefined with DATABASE_URL when the settings name none. */
  readonly adminClient: { readonly id: string; readonly secret: string } | undefined;
}

const KEY = /^[\w-]{43}$/;
const secretsFile = z.strictObject({
  secret_keys: z.array(z.string().regex(KEY)).min(1),
  admin_client_id: z.string().min(1),
  admin_client_secret: z.string().min(1),
});
type SecretsFile = z.infer<typeof secretsFile>;

/** Call it with the database open: in embedded mode that holds the data directory against a second process. */
export async function loadSecrets(config: Config): Promise<Secrets> {
  if (config.database.engine === 'postgres') return { keys: config.secretKeys ?? [], adminClient: config.adminClient };
  const kept = await keptSecrets(config.dataDir);
  const adminClient = config.adminClient ?? { id: kept.admin_client_id, secret: kept.admin_client_secret };
  await writeAdminFile(config, adminClient);
  return { keys: config.secretKeys ?? kept.secret_keys.map((key) => Buffer.from(key, 'base64url')), adminClient };
}

async function keptSecrets(dataDir: string): Promise<SecretsFile> {
  const path = join(dataDir, 'secrets.json');
  const text = await readIfThere(path);
  if (text !== undefined) {
    const parsed = secretsFile.safeParse(parseJson(text));
    if (parsed.success) return parsed.data;
    throw new InvalidSetting(
      path,
      'not readable as a secrets file',
      'the file the first start wrote, or removed with the data',
    );
  }
  const made: SecretsFile = {
    secret_keys: [randomSecret()],
    admin_client_id: `admin-${randomId()}`,
    admin_client_secret: randomSecret(),
  };
  await writePrivately(path, made);
  return made;
}

async function writeAdminFile({ dataDir, issuer }: Config, admin: { id: string; secret: string }): Promise<void> {
  const path = join(dataDir, 'admin.json');
  const wanted = { issuer, client_id: admin.id, client_secret: admin.secret };
  // Only when it would differ (another port, another client): the file is the operator's to protect and to copy.
  if ((await readIfThere(path)) !== toText(wanted)) await writePrivately(path, wanted);
}

const toText = (value: object): string => `${JSON.stringify(value, null, 2)}\n`;

/** Whole or not at all, and on disk before anything relies on it: a key lost to a crash is every token lost. */
async function writePrivately(path: string, value: object): Promise<void> {
  const temporary = `${path}.${randomId()}`;
  const file = await open(temporary, 'wx', 0o600);
  try {
    await file.writeFile(toText(value));
    await file.sync();
  } finally {
    await file.close();
  }
  await rename(temporary, path);
}

async function readIfThere(path: string): Promise<string | undefined> {
  return readFile(path, 'utf8').catch((error: NodeJS.ErrnoException) => {
    if (error.code === 'ENOENT') return undefined;
    throw error;
  });
}

function parseJson(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    return undefined;
  }
}
