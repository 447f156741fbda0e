/**
 * The settings: environment → one validated, frozen Config without optional surprises.
 *
 * This is the only reader of `process.env`. In embedded mode what the operator did not set is generated once and kept in
 * `<data dir>/secrets.json` (see `secrets.ts`), so a restart decrypts what the first start encrypted.
 */
import { resolve } from 'node:path';
import { z } from 'zod';

export type LogLevel = 'silent' | 'fatal' | 'error' | 'warn' | 'info' | 'debug' | 'trace';

export interface Config {
  readonly host: string;
  readonly port: number;
  /** The issuer identifier, without a trailing slash. */
  readonly issuer: string;
  readonly database: { readonly engine: 'postgres'; readonly url: string } | { readonly engine: 'embedded' };
  readonly dataDir: string;
  /** 32-byte keys: the first encrypts and signs, all decrypt and verify. Undefined only in embedded mode: generate. */
  readonly secretKeys: readonly Buffer[] | undefined;
  readonly adminClient: { readonly id: string; readonly secret: string } | undefined;
  readonly workers: number;
  readonly trustProxy: boolean;
  /** How long expired tokens, ended grants and events are kept. */
  readonly retentionDays: number;
  readonly logLevel: LogLevel;
}

/** A setting the server cannot start with. The message is the one line the operator sees; exit code 2. */
export class InvalidSetting extends Error {
  constructor(name: string, held: string, wanted: string) {
    super(`${name} is ${held}; it must be ${wanted}`);
  }
}

interface Setting<T> {
  readonly schema: z.ZodType<T>;
  readonly wanted: string;
  /** Secrets are named but never printed. */
  readonly secret?: true;
}

const LOG_LEVELS = ['silent', 'fatal', 'error', 'warn', 'info', 'debug', 'trace'] as const;
const LOOPBACK = /^(localhost|127(\.\d{1,3}){3}|\[::1\])$/;

const integer = (min: number, max: number) =>
  z
    .string()
    .regex(/^\d{1,6}$/)
    .transform(Number)
    .pipe(z.number().min(min).max(max));

/** The issuer is compared character by character by every client: only the URL's one canonical spelling will do. */
const issuerUrl = z.string().refine((value) => {
  const url = URL.parse(value);
  if (!url || value !== url.origin) return false;
  return url.protocol === 'https:' || (url.protocol === 'http:' && LOOPBACK.test(url.hostname));
});

const secretKeys = z.string().transform((value, ctx) => {
  const keys = value.split(',').map((key) => Buffer.from(key.trim(), 'base64url'));
  if (keys.every((key, i) => key.length === 32 && /^[\w-]{43}$/.test(value.split(',')[i]?.trim() ?? ''))) return keys;
  ctx.addIssue({ code: 'custom' });
  return z.NEVER;
});

const SETTINGS = {
  PORT: { schema: integer(1, 65_535), wanted: 'a port number, 1 to 65535' },
  HOST: { schema: z.string().regex(/^[\w.:-]+$/), wanted: 'an address or host name to listen on' },
  MINTMARK_ISSUER: {
    schema: issuerUrl,
    wanted: 'an https URL (http only for loopback) without path, query, fragment or trailing slash',
  },
  DATABASE_URL: {
    schema: z
      .string()
      .regex(/^postgres(ql)?:\/\/./)
      .refine((value) => URL.canParse(value)),
    wanted: 'a postgres:// URL',
    secret: true,
  },
  MINTMARK_DATA_DIR: { schema: z.string().min(1), wanted: 'a directory' },
  MINTMARK_SECRET_KEYS: {
    schema: secretKeys,
    wanted: 'one or more comma-separated 32-byte base64url keys (43 characters each)',
    secret: true,
  },
  MINTMARK_ADMIN_CLIENT_ID: {
    schema: z.string().regex(/^[\w.~-]{1,128}$/),
    wanted: '1 to 128 letters, digits or . _ ~ -',
  },
  MINTMARK_ADMIN_CLIENT_SECRET: {
    schema: z.string().regex(/^[\w.~-]{32,256}$/),
    wanted: '32 to 256 letters, digits or . _ ~ -',
    secret: true,
  },
  MINTMARK_WORKERS: { schema: integer(1, 1), wanted: '1 (several instances may share one Postgres instead)' },
  MINTMARK_TRUST_PROXY: { schema: z.enum(['true', 'false']), wanted: 'true or false' },
  MINTMARK_RETENTION_DAYS: { schema: integer(0, 3_650), wanted: 'a number of days, 0 to 3650' },
  LOG_LEVEL: { schema: z.enum(LOG_LEVELS), wanted: `one of ${LOG_LEVELS.join(', ')}` },
} satisfies Record<string, Setting<unknown>>;

type SettingName = keyof typeof SETTINGS;
type Value<N extends SettingName> = z.output<(typeof SETTINGS)[N]['schema']>;

/**
 * Reads and checks every setting.
 *
 * @throws {InvalidSetting} naming the setting, what it held and what it may hold (contract.md, "Settings")
 */
export function readConfig(env: NodeJS.ProcessEnv = process.env): Config {
  // An empty variable is how compose files and CI say "not set".
  const read = <N extends SettingName>(name: N): Value<N> | undefined => {
    const raw = env[name];
    if (raw === undefined || raw === '') return undefined;
    const setting: Setting<unknown> = SETTINGS[name];
    const parsed = setting.schema.safeParse(raw);
    if (parsed.success) return parsed.data as Value<N>;
    throw new InvalidSetting(
      name,
      setting.secret ? 'not usable (value not shown)' : JSON.stringify(raw),
      setting.wanted,
    );
  };

  const port = read('PORT') ?? 3000;
  const url = read('DATABASE_URL');
  const keys = read('MINTMARK_SECRET_KEYS');
  const adminId = read('MINTMARK_ADMIN_CLIENT_ID');
  const adminSecret = read('MINTMARK_ADMIN_CLIENT_SECRET');
  if (url && !keys) {
    throw new InvalidSetting(
      'MINTMARK_SECRET_KEYS',
      'not set',
      `${SETTINGS.MINTMARK_SECRET_KEYS.wanted} with DATABASE_URL`,
    );
  }
  if (!adminId !== !adminSecret) {
    const missing = adminId ? 'MINTMARK_ADMIN_CLIENT_SECRET' : 'MINTMARK_ADMIN_CLIENT_ID';
    throw new InvalidSetting(missing, 'not set', 'set together with its other half');
  }

  return Object.freeze({
    host: read('HOST') ?? '127.0.0.1',
    port,
    issuer: read('MINTMARK_ISSUER') ?? `http://localhost:${port}`,
    database: url ? ({ engine: 'postgres', url } as const) : ({ engine: 'embedded' } as const),
    dataDir: resolve(read('MINTMARK_DATA_DIR') ?? '.mintmark'),
    secretKeys: keys,
    adminClient: adminId && adminSecret ? { id: adminId, secret: adminSecret } : undefined,
    workers: read('MINTMARK_WORKERS') ?? 1,
    trustProxy: read('MINTMARK_TRUST_PROXY') === 'true',
    retentionDays: read('MINTMARK_RETENTION_DAYS') ?? 30,
    logLevel: read('LOG_LEVEL') ?? 'info',
  });
}

export interface CliSettings {
  /** Where the server is, when the environment says so. */
  readonly url: string | undefined;
  readonly dataDir: string;
  readonly credentials: { readonly id: string; readonly secret: string } | undefined;
}

/**
 * What the command line needs to speak to a server, and no more: it also runs far from the server's own settings.
 *
 * @throws {InvalidSetting}
 */
export function readCliSettings(env: NodeJS.ProcessEnv = process.env): CliSettings {
  const id = env.MINTMARK_CLIENT_ID || undefined;
  const secret = env.MINTMARK_CLIENT_SECRET || undefined;
  if (!id !== !secret) {
    const missing = id ? 'MINTMARK_CLIENT_SECRET' : 'MINTMARK_CLIENT_ID';
    throw new InvalidSetting(missing, 'not set', 'set together with its other half');
  }
  return {
    url: env.MINTMARK_ISSUER || (env.PORT ? `http://localhost:${env.PORT}` : undefined),
    dataDir: resolve(env.MINTMARK_DATA_DIR || '.mintmark'),
    credentials: id && secret ? { id, secret } : undefined,
  };
}
