/**
 * The settings: environment → one validated, frozen Config without optional surprises.
 *
 * This is the only reader of `process.env`. In embedded mode what the operator did not set is generated once and kept in
 * `<data dir>/secrets.json` (see `secrets.ts`), so a restart decrypts what the first start encrypted.
 */
import { isIP } from 'node:net';
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
  /** A login application that stands in for the pages of ours; undefined: ours. */
  readonly loginUrl: string | undefined;
  /** Processes that serve, on this machine. */
  readonly workers: number;
  /** Requests of one process that are answered at once; more are told to come again. */
  readonly maxInFlight: number;
  readonly trustProxy: boolean;
  /** How long expired tokens, ended grants and events are kept. */
  readonly retentionDays: number;
  /** The server that takes our e-mail, and whom it says it is from; undefined: none is sent. */
  readonly mail: { readonly smtpUrl: string; readonly from: string } | undefined;
  /** Personal access tokens: whether there are any, and how long they live. */
  readonly pats: { readonly enabled: boolean; readonly defaultDays: number; readonly maxDays: number };
  /** Where webhooks may reach, other than outside: these inside ranges and addresses, and receivers on this machine. */
  readonly webhooks: { readonly networks: readonly string[]; readonly allowLoopback: boolean };
  /** Client credentials and introspection are answered in front of the engine, where they can be. */
  readonly narrowPath: boolean;
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

/** A leaked one must not open doors for years. */
const LONGEST_PAT_DAYS = 90;
const USUAL_PAT_DAYS = 30;

/** A twentieth of a second's work on the narrow path, some half a second's in the engine: who waits longer gives up. */
const USUAL_IN_FLIGHT = 512;

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

/** Where browsers are sent to sign in. What it would say by itself must not collide with what we add to it. */
const loginUrl = z.string().refine((value) => {
  const url = URL.parse(value);
  if (!url || url.hash || url.username || url.password || url.searchParams.has('authorization')) return false;
  return url.protocol === 'https:' || (url.protocol === 'http:' && LOOPBACK.test(url.hostname));
});

/** `10.1.0.0/16, 2001:db8::7`: ranges and single addresses. */
const networks = z.string().transform((value, ctx) => {
  const given = value.split(',').map((one) => one.trim());
  if (given.every(isNetwork)) return given;
  ctx.addIssue({ code: 'custom' });
  return z.NEVER;
});

function isNetwork(text: string): boolean {
  const [, address = '', bits] = /^([\da-f:.]+)(?:\/(\d{1,3}))?$/i.exec(text) ?? [];
  const most = { 0: -1, 4: 32, 6: 128 }[isIP(address)] ?? -1;
  return most > 0 && Number(bits ?? most) <= most;
}

const secretKeys = z.string().transform((value, ctx) => {
  const keys = value.split(',').map((key) => Buffer.from(key.trim(), 'base64url'));
  if (keys.every((key, i) => key.length === 32 && /^[\w-]{43}$/.test(value.split(',')[i]?.trim() ?? ''))) return keys;
  ctx.addIssue({ code: 'custom' });
  return z.NEVER;
});

/** An address, or a name and an address: nothing that could become a second header. */
const MAIL_FROM = /^([^<>@"\p{C}]+ <[^\s<>@"\p{C}]+@[^\s<>@"\p{C}]+>|[^\s<>@"\p{C}]+@[^\s<>@"\p{C}]+)$/u;

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
  MINTMARK_LOGIN_URL: {
    schema: loginUrl,
    wanted: 'an https URL (http only for loopback) without credentials, fragment or a parameter authorization',
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
  MINTMARK_WORKERS: { schema: integer(1, 64), wanted: 'a number of processes, 1 to 64' },
  MINTMARK_MAX_IN_FLIGHT: { schema: integer(1, 100_000), wanted: 'a number of requests, 1 to 100000' },
  MINTMARK_TRUST_PROXY: { schema: z.enum(['true', 'false']), wanted: 'true or false' },
  MINTMARK_RETENTION_DAYS: { schema: integer(0, 3_650), wanted: 'a number of days, 0 to 3650' },
  MINTMARK_SMTP_URL: {
    schema: z
      .string()
      .regex(/^smtps?:\/\/./)
      .refine((value) => URL.canParse(value)),
    wanted: 'an smtp:// or smtps:// URL',
    secret: true,
  },
  MINTMARK_MAIL_FROM: { schema: z.string().regex(MAIL_FROM), wanted: 'an address, or: Name <address>' },
  MINTMARK_NARROW_PATH: { schema: z.enum(['on', 'off']), wanted: 'on or off' },
  MINTMARK_PATS: { schema: z.enum(['on', 'off']), wanted: 'on or off' },
  MINTMARK_PAT_DEFAULT_DAYS: {
    schema: integer(1, LONGEST_PAT_DAYS),
    wanted: `a number of days, 1 to ${LONGEST_PAT_DAYS}`,
  },
  MINTMARK_PAT_MAX_DAYS: { schema: integer(1, LONGEST_PAT_DAYS), wanted: `a number of days, 1 to ${LONGEST_PAT_DAYS}` },
  MINTMARK_WEBHOOK_NETWORKS: {
    schema: networks,
    wanted: 'comma-separated addresses or CIDR ranges, as 10.1.0.0/16,127.0.0.1',
  },
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
  const smtpUrl = read('MINTMARK_SMTP_URL');
  const from = read('MINTMARK_MAIL_FROM');
  bothOrNeither({ MINTMARK_ADMIN_CLIENT_ID: adminId, MINTMARK_ADMIN_CLIENT_SECRET: adminSecret });
  bothOrNeither({ MINTMARK_SMTP_URL: smtpUrl, MINTMARK_MAIL_FROM: from });

  const maxDays = read('MINTMARK_PAT_MAX_DAYS') ?? LONGEST_PAT_DAYS;
  const defaultDays = read('MINTMARK_PAT_DEFAULT_DAYS') ?? Math.min(USUAL_PAT_DAYS, maxDays);
  if (defaultDays > maxDays) {
    const wanted = `at most MINTMARK_PAT_MAX_DAYS, ${maxDays}`;
    throw new InvalidSetting('MINTMARK_PAT_DEFAULT_DAYS', JSON.stringify(String(defaultDays)), wanted);
  }

  const issuer = read('MINTMARK_ISSUER') ?? `http://localhost:${port}`;
  return Object.freeze({
    host: read('HOST') ?? '127.0.0.1',
    port,
    issuer,
    database: url ? ({ engine: 'postgres', url } as const) : ({ engine: 'embedded' } as const),
    dataDir: resolve(read('MINTMARK_DATA_DIR') ?? '.mintmark'),
    secretKeys: keys,
    adminClient: adminId && adminSecret ? { id: adminId, secret: adminSecret } : undefined,
    loginUrl: read('MINTMARK_LOGIN_URL'),
    workers: read('MINTMARK_WORKERS') ?? 1,
    maxInFlight: read('MINTMARK_MAX_IN_FLIGHT') ?? USUAL_IN_FLIGHT,
    trustProxy: read('MINTMARK_TRUST_PROXY') === 'true',
    retentionDays: read('MINTMARK_RETENTION_DAYS') ?? 30,
    mail: smtpUrl && from ? { smtpUrl, from } : undefined,
    narrowPath: read('MINTMARK_NARROW_PATH') !== 'off',
    pats: { enabled: read('MINTMARK_PATS') !== 'off', defaultDays, maxDays },
    webhooks: {
      networks: read('MINTMARK_WEBHOOK_NETWORKS') ?? [],
      allowLoopback: LOOPBACK.test(new URL(issuer).hostname),
    },
    logLevel: read('LOG_LEVEL') ?? 'info',
  });
}

/** @throws {InvalidSetting} naming the one that is missing */
function bothOrNeither(halves: Readonly<Record<string, string | undefined>>): void {
  const missing = Object.keys(halves).filter((name) => !halves[name]);
  if (missing.length === 1) throw new InvalidSetting(missing.join(), 'not set', 'set together with its other half');
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
  bothOrNeither({ MINTMARK_CLIENT_ID: id, MINTMARK_CLIENT_SECRET: secret });
  return {
    url: env.MINTMARK_ISSUER || (env.PORT ? `http://localhost:${env.PORT}` : undefined),
    dataDir: resolve(env.MINTMARK_DATA_DIR || '.mintmark'),
    credentials: id && secret ? { id, secret } : undefined,
  };
}
