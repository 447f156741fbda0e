/** Servers that share a Postgres, as instances or as variants of one another: the same key, the same administrator. */
import { randomBytes } from 'node:crypto';
import { freePort, type Mintmark, startMintmark } from '../demo/mintmark.ts';
import type { Postgres } from './postgres.ts';
import { MINTMARK_PATHS, type Registered, type Subject } from './subjects.ts';

export const ADMIN = { id: 'bench-admin', secret: randomBytes(32).toString('base64url') };

export interface InstanceOptions {
  readonly postgres: Postgres;
  readonly dataDir: string;
  readonly key: Buffer;
  /** Further settings. */
  readonly env?: Readonly<Record<string, string>>;
  /** What pins it to its core. */
  readonly launcher?: readonly string[];
}

export async function startInstance({
  postgres,
  dataDir,
  key,
  env,
  launcher = [],
}: InstanceOptions): Promise<Mintmark> {
  const settings = {
    DATABASE_URL: postgres.url,
    MINTMARK_SECRET_KEYS: key.toString('base64url'),
    MINTMARK_ADMIN_CLIENT_ID: ADMIN.id,
    MINTMARK_ADMIN_CLIENT_SECRET: ADMIN.secret,
    ...env,
  };
  return startMintmark({ port: await freePort(), dataDir, env: settings, launcher });
}

export function asSubject(
  { url, pid, stop }: Mintmark,
  registered: Registered,
  { name, durable }: Pick<Subject, 'name' | 'durable'>,
): Subject {
  return { name, url, pid, paths: MINTMARK_PATHS, registered, durable, secrets: '', stop };
}
