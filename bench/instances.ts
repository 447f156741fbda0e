/** Servers that are measured, each as the same administrator knows it; several share a Postgres, with the same key. */
import { randomBytes } from 'node:crypto';
import { type Api, connect } from '#src/cli/index.ts';
import { freePort, type Mintmark, startMintmark } from '../demo/mintmark.ts';
import type { Postgres } from './postgres.ts';
import { type Registered, secret } from './registered.ts';
import type { Subject } from './subjects.ts';

const ADMIN = { id: 'bench-admin', secret: secret() };

export interface InstanceOptions {
  /** Undefined: the embedded one. */
  readonly postgres: Postgres | undefined;
  readonly dataDir: string;
  /** Of those that share a database; what has one to itself makes one up. */
  readonly key?: Buffer;
  /** Further settings. */
  readonly env?: Readonly<Record<string, string>>;
  /** What pins it to its core. */
  readonly launcher?: readonly string[];
}

export async function startInstance({ dataDir, launcher = [], ...options }: InstanceOptions): Promise<Mintmark> {
  return startMintmark({ port: await freePort(), dataDir, env: settings(options), launcher });
}

export function settings({
  postgres,
  key = randomBytes(32),
  env,
}: Pick<InstanceOptions, 'postgres' | 'key' | 'env'>): Readonly<Record<string, string>> {
  return {
    MINTMARK_SECRET_KEYS: key.toString('base64url'),
    MINTMARK_ADMIN_CLIENT_ID: ADMIN.id,
    MINTMARK_ADMIN_CLIENT_SECRET: ADMIN.secret,
    ...(postgres && { DATABASE_URL: postgres.url }),
    ...env,
  };
}

/** As the administrator. */
export function apiOf(url: string): Api {
  return connect(url, async () => ADMIN);
}

export const MINTMARK_PATHS = {
  '/token': '/oauth/token',
  '/token/introspection': '/oauth/introspect',
  '/token/revocation': '/oauth/revoke',
  '/me': '/oauth/userinfo',
  '/auth': '/oauth/authorize',
};
const SECRETS =
  'client secrets by HMAC-SHA256 (256 bits, constant time); passwords by Argon2id, 19 MiB, 2 passes, 1 lane';

export function asSubject(
  { url, pid, stop }: Pick<Mintmark, 'url' | 'pid' | 'stop'>,
  registered: Registered,
  postgres: Postgres | undefined,
): Subject {
  return {
    kind: 'mintmark',
    name: postgres ? 'Mintmark, Postgres' : 'Mintmark, embedded Postgres',
    url,
    pid,
    paths: MINTMARK_PATHS,
    registered,
    postgres,
    durable: postgres?.durable ?? 'committed to the data directory before the answer; survives the end of the process',
    secrets: SECRETS,
    stop,
  };
}
