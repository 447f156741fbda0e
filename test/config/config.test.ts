import { randomBytes } from 'node:crypto';
import { resolve } from 'node:path';
import { describe, expect, test } from '@jest/globals';
import { InvalidSetting, readConfig } from '#src/config.ts';

const key = () => randomBytes(32).toString('base64url');
const KEY = key();
const ADMIN_SECRET = key();
const SMTP_URL = 'smtps://mint:hunter2hunter2@mail.example';
const POSTGRES = { DATABASE_URL: 'postgres://mint:hunter2hunter2@db.example/mint', MINTMARK_SECRET_KEYS: KEY };

function refusal(env: Record<string, string>): string {
  try {
    readConfig(env);
  } catch (error) {
    expect(error).toBeInstanceOf(InvalidSetting);
    return (error as Error).message;
  }
  throw new Error('these settings were accepted');
}

test('without any setting it is an embedded server on localhost:3000 that makes its own secrets', () => {
  expect(readConfig({})).toEqual({
    host: '127.0.0.1',
    port: 3000,
    issuer: 'http://localhost:3000',
    database: { engine: 'embedded' },
    dataDir: resolve('.mintmark'),
    secretKeys: undefined,
    adminClient: undefined,
    workers: 1,
    maxInFlight: 512,
    trustProxy: false,
    retentionDays: 30,
    loginUrl: undefined,
    mail: undefined,
    pats: { enabled: true, defaultDays: 30, maxDays: 90 },
    webhooks: { networks: [], allowLoopback: true },
    narrowPath: true,
    logLevel: 'info',
  });
});

test('an empty variable is one that is not set', () => {
  const names = ['PORT', 'HOST', 'MINTMARK_ISSUER', 'DATABASE_URL', 'MINTMARK_SECRET_KEYS', 'LOG_LEVEL'];
  expect(readConfig(Object.fromEntries(names.map((name) => [name, ''])))).toEqual(readConfig({}));
});

test('the configuration cannot be changed after it was read', () => {
  expect(Object.isFrozen(readConfig({}))).toBe(true);
});

test.each<[setting: Record<string, string>, read: object]>([
  [{ PORT: '8080' }, { port: 8080, issuer: 'http://localhost:8080' }],
  [{ PORT: '1' }, { port: 1 }],
  [{ PORT: '65535' }, { port: 65_535 }],
  [{ MINTMARK_RETENTION_DAYS: '0' }, { retentionDays: 0 }],
  [{ MINTMARK_RETENTION_DAYS: '3650' }, { retentionDays: 3650 }],
  [{ MINTMARK_NARROW_PATH: 'off' }, { narrowPath: false }],
  [{ MINTMARK_NARROW_PATH: 'on' }, { narrowPath: true }],
  [{ MINTMARK_PATS: 'off' }, { pats: { enabled: false, defaultDays: 30, maxDays: 90 } }],
  [{ MINTMARK_PAT_MAX_DAYS: '7' }, { pats: { enabled: true, defaultDays: 7, maxDays: 7 } }],
  [
    { MINTMARK_PAT_DEFAULT_DAYS: '1', MINTMARK_PAT_MAX_DAYS: '60' },
    { pats: { enabled: true, defaultDays: 1, maxDays: 60 } },
  ],
  [{ HOST: '0.0.0.0' }, { host: '0.0.0.0' }],
  [{ HOST: '::1' }, { host: '::1' }],
  [{ HOST: 'auth.internal' }, { host: 'auth.internal' }],
  [{ MINTMARK_ISSUER: 'https://id.example.com' }, { issuer: 'https://id.example.com' }],
  [{ MINTMARK_ISSUER: 'https://id.example.com:8443' }, { issuer: 'https://id.example.com:8443' }],
  [{ MINTMARK_ISSUER: 'http://localhost:9000' }, { issuer: 'http://localhost:9000' }],
  [{ MINTMARK_ISSUER: 'http://127.0.0.1:9000' }, { issuer: 'http://127.0.0.1:9000' }],
  [{ MINTMARK_ISSUER: 'http://[::1]:9000' }, { issuer: 'http://[::1]:9000' }],
  [{ MINTMARK_DATA_DIR: '/var/lib/mintmark' }, { dataDir: '/var/lib/mintmark' }],
  [{ MINTMARK_DATA_DIR: 'here' }, { dataDir: resolve('here') }],
  [POSTGRES, { database: { engine: 'postgres', url: POSTGRES.DATABASE_URL } }],
  [
    { MINTMARK_ADMIN_CLIENT_ID: 'root', MINTMARK_ADMIN_CLIENT_SECRET: ADMIN_SECRET },
    { adminClient: { id: 'root', secret: ADMIN_SECRET } },
  ],
  [{ MINTMARK_WORKERS: '1' }, { workers: 1 }],
  [{ MINTMARK_WORKERS: '64' }, { workers: 64 }],
  [{ MINTMARK_MAX_IN_FLIGHT: '1' }, { maxInFlight: 1 }],
  [{ MINTMARK_MAX_IN_FLIGHT: '100000' }, { maxInFlight: 100_000 }],
  [{ MINTMARK_TRUST_PROXY: 'true' }, { trustProxy: true }],
  [{ MINTMARK_TRUST_PROXY: 'false' }, { trustProxy: false }],
  [
    { MINTMARK_SMTP_URL: SMTP_URL, MINTMARK_MAIL_FROM: 'id@example.com' },
    { mail: { smtpUrl: SMTP_URL, from: 'id@example.com' } },
  ],
  [
    { MINTMARK_SMTP_URL: 'smtp://127.0.0.1:2525', MINTMARK_MAIL_FROM: 'Mintmark at Example <id@example.com>' },
    { mail: { smtpUrl: 'smtp://127.0.0.1:2525', from: 'Mintmark at Example <id@example.com>' } },
  ],
  [
    { MINTMARK_LOGIN_URL: 'https://login.example.com/start?tenant=1' },
    { loginUrl: 'https://login.example.com/start?tenant=1' },
  ],
  [{ MINTMARK_LOGIN_URL: 'http://localhost:8080/' }, { loginUrl: 'http://localhost:8080/' }],
  [
    { MINTMARK_WEBHOOK_NETWORKS: '10.1.0.0/16, 192.168.7.9,fd00::/8,::1' },
    { webhooks: { networks: ['10.1.0.0/16', '192.168.7.9', 'fd00::/8', '::1'], allowLoopback: true } },
  ],
  [{ MINTMARK_ISSUER: 'https://id.example.com' }, { webhooks: { networks: [], allowLoopback: false } }],
  [{ MINTMARK_ISSUER: 'http://127.0.0.1:9000' }, { webhooks: { networks: [], allowLoopback: true } }],
  [{ LOG_LEVEL: 'silent' }, { logLevel: 'silent' }],
  [{ LOG_LEVEL: 'trace' }, { logLevel: 'trace' }],
])('%j is accepted', (env, read) => {
  expect(readConfig(env)).toMatchObject(read);
});

test('several secret keys are read in order, spaces around them ignored', () => {
  const keys = [key(), key()];
  const read = readConfig({ ...POSTGRES, MINTMARK_SECRET_KEYS: keys.join(' , ') });
  expect(read.secretKeys?.map((bytes) => bytes.toString('base64url'))).toEqual(keys);
});

describe('a wrong setting is refused in one line that names it, what it held and what it may hold', () => {
  test.each([
    ['PORT', 'http', /a port number, 1 to 65535/],
    ['PORT', '0', /a port number/],
    ['PORT', '65536', /a port number/],
    ['PORT', '-1', /a port number/],
    ['PORT', '80.5', /a port number/],
    ['PORT', '0x50', /a port number/],
    ['PORT', ' 80', /a port number/],
    ['PORT', '1e3', /a port number/],
    ['HOST', 'a host', /an address or host name/],
    ['HOST', 'http://localhost', /an address or host name/],
    ['MINTMARK_ISSUER', 'id.example.com', /an https URL/],
    ['MINTMARK_ISSUER', 'http://id.example.com', /an https URL/],
    ['MINTMARK_ISSUER', 'https://id.example.com/', /trailing slash/],
    ['MINTMARK_ISSUER', 'https://id.example.com/tenant', /path/],
    ['MINTMARK_ISSUER', 'https://id.example.com?', /query/],
    ['MINTMARK_ISSUER', 'https://id.example.com?a=b', /query/],
    ['MINTMARK_ISSUER', 'https://id.example.com#', /fragment/],
    ['MINTMARK_ISSUER', 'https://id.example.com#top', /fragment/],
    ['MINTMARK_ISSUER', 'https://ann@id.example.com', /an https URL/],
    ['MINTMARK_ISSUER', 'https://:pass@id.example.com', /an https URL/],
    ['MINTMARK_ISSUER', 'https://ID.example.com', /an https URL/],
    ['MINTMARK_ISSUER', ' https://id.example.com', /an https URL/],
    ['MINTMARK_ISSUER', 'https://id.exam\nple.com', /an https URL/],
    ['MINTMARK_ISSUER', 'ftp://id.example.com', /an https URL/],
    ['MINTMARK_ISSUER', 'http://localhost.example.com', /loopback/],
    ['MINTMARK_ADMIN_CLIENT_ID', 'a b', /1 to 128 letters/],
    ['MINTMARK_ADMIN_CLIENT_ID', 'x'.repeat(129), /1 to 128 letters/],
    ['MINTMARK_WORKERS', '0', /1 to 64/],
    ['MINTMARK_WORKERS', '65', /1 to 64/],
    ['MINTMARK_WORKERS', 'two', /1 to 64/],
    ['MINTMARK_MAX_IN_FLIGHT', '0', /1 to 100000/],
    ['MINTMARK_MAX_IN_FLIGHT', '100001', /1 to 100000/],
    ['MINTMARK_TRUST_PROXY', 'yes', /true or false/],
    ['MINTMARK_TRUST_PROXY', '1', /true or false/],
    ['MINTMARK_MAIL_FROM', 'nobody', /an address/],
    ['MINTMARK_MAIL_FROM', 'id@example.com\nBcc: all@example.com', /an address/],
    ['MINTMARK_MAIL_FROM', 'id@example.com, all@example.com', /an address/],
    ['MINTMARK_LOGIN_URL', '/login', /an https URL/],
    ['MINTMARK_LOGIN_URL', 'http://login.example.com/', /loopback/],
    ['MINTMARK_LOGIN_URL', 'https://ann@login.example.com/', /without credentials/],
    ['MINTMARK_LOGIN_URL', 'https://login.example.com/#start', /fragment/],
    ['MINTMARK_LOGIN_URL', 'https://login.example.com/?authorization=1', /a parameter authorization/],
    ['MINTMARK_NARROW_PATH', 'false', /on or off/],
    ['MINTMARK_PATS', 'true', /on or off/],
    ['MINTMARK_PAT_DEFAULT_DAYS', '0', /1 to 90/],
    ['MINTMARK_PAT_DEFAULT_DAYS', '1.5', /1 to 90/],
    ['MINTMARK_PAT_MAX_DAYS', '91', /1 to 90/],
    ['MINTMARK_WEBHOOK_NETWORKS', 'intranet.example', /addresses or CIDR ranges/],
    ['MINTMARK_WEBHOOK_NETWORKS', '10.0.0.0/33', /addresses or CIDR ranges/],
    ['MINTMARK_WEBHOOK_NETWORKS', '10.0.0/8', /addresses or CIDR ranges/],
    ['MINTMARK_WEBHOOK_NETWORKS', '10.0.0.0/8,', /addresses or CIDR ranges/],
    ['MINTMARK_WEBHOOK_NETWORKS', '10.0.0.0/-1', /addresses or CIDR ranges/],
    ['MINTMARK_WEBHOOK_NETWORKS', 'fd00::/129', /addresses or CIDR ranges/],
    ['MINTMARK_WEBHOOK_NETWORKS', 'fe80::1%eth0', /addresses or CIDR ranges/],
    ['LOG_LEVEL', 'verbose', /silent, fatal, error, warn, info, debug, trace/],
  ])('%s=%j', (name, held, wanted) => {
    const message = refusal({ [name]: held });
    expect(message).toMatch(new RegExp(`^${name} is `));
    expect(message).toMatch(wanted);
    expect(message).toContain(held.replaceAll('\n', '\\n'));
    expect(message).not.toContain('\n');
  });

  test.each([
    ['DATABASE_URL', 'mysql://mint:hunter2hunter2@db.example/mint', /a postgres:\/\/ URL/],
    ['DATABASE_URL', 'postgres://mint:hunter2hunter2@db.example:port/mint', /a postgres:\/\/ URL/],
    ['MINTMARK_SECRET_KEYS', 'hunter2hunter2', /32-byte base64url/],
    ['MINTMARK_SECRET_KEYS', 'hunter2hunter2'.repeat(4).slice(0, 42), /32-byte base64url/],
    ['MINTMARK_SECRET_KEYS', `${KEY},hunter2hunter2`, /32-byte base64url/],
    ['MINTMARK_SECRET_KEYS', `${KEY},`, /32-byte base64url/],
    ['MINTMARK_ADMIN_CLIENT_SECRET', 'hunter2hunter2', /32 to 256 letters/],
    ['MINTMARK_SMTP_URL', 'http://mint:hunter2hunter2@mail.example', /an smtp:\/\/ or smtps:\/\/ URL/],
    ['MINTMARK_SMTP_URL', 'smtp://mint:hunter2hunter2@mail.example:port', /an smtp:\/\/ or smtps:\/\/ URL/],
  ])('%s, without printing the secret it held', (name, held, wanted) => {
    const message = refusal({ ...POSTGRES, MINTMARK_ADMIN_CLIENT_ID: 'root', [name]: held });
    expect(message).toMatch(new RegExp(`^${name} is `));
    expect(message).toMatch(wanted);
    for (const secret of ['hunter2', KEY]) expect(message).not.toContain(secret);
  });
});

describe('settings that need another', () => {
  test('DATABASE_URL needs MINTMARK_SECRET_KEYS: instances cannot each make their own', () => {
    expect(refusal({ DATABASE_URL: POSTGRES.DATABASE_URL })).toMatch(
      /^MINTMARK_SECRET_KEYS is not set; .*DATABASE_URL/,
    );
  });

  test('the admin client has an id and a secret, or neither', () => {
    expect(refusal({ MINTMARK_ADMIN_CLIENT_ID: 'root' })).toMatch(/^MINTMARK_ADMIN_CLIENT_SECRET is not set/);
    const secretOnly = refusal({ MINTMARK_ADMIN_CLIENT_SECRET: ADMIN_SECRET });
    expect(secretOnly).toMatch(/^MINTMARK_ADMIN_CLIENT_ID is not set/);
    expect(secretOnly).not.toContain(ADMIN_SECRET);
  });

  test('nobody gets a longer life by not asking than by asking', () => {
    const env = { MINTMARK_PAT_DEFAULT_DAYS: '8', MINTMARK_PAT_MAX_DAYS: '7' };
    expect(refusal(env)).toMatch(/^MINTMARK_PAT_DEFAULT_DAYS is "8"; it must be at most MINTMARK_PAT_MAX_DAYS, 7/);
  });

  test('e-mail has a server and a sender, or neither', () => {
    expect(refusal({ MINTMARK_MAIL_FROM: 'id@example.com' })).toMatch(/^MINTMARK_SMTP_URL is not set/);
    expect(refusal({ MINTMARK_SMTP_URL: SMTP_URL })).toMatch(/^MINTMARK_MAIL_FROM is not set/);
  });
});
