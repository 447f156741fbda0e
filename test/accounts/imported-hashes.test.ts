import { pbkdf2Sync, randomBytes, scryptSync } from 'node:crypto';
import { afterAll, describe, expect, test } from '@jest/globals';
import argon2 from 'argon2';
import bcrypt from 'bcrypt';
import { isUsableHash } from '#src/crypto/index.ts';
import { openDatabase } from '#src/db/index.ts';
import { ENGINES } from '../support/database.ts';
import { newName, newPassword, withPlace } from './support.ts';

const unpadded = (bytes: Buffer) => bytes.toString('base64').replaceAll('=', '');
/** Passlib writes a dot for the plus. */
const dotted = (bytes: Buffer) => unpadded(bytes).replaceAll('+', '.');

function passlibPbkdf2(sha: string, bytes: number, password: string): string {
  const salt = randomBytes(16);
  return `$pbkdf2-${sha}$25000$${dotted(salt)}$${dotted(pbkdf2Sync(password, salt, 25_000, bytes, sha))}`;
}

function scrypt(password: string, [ln, r, p]: [number, number, number]): string {
  const salt = randomBytes(16);
  const key = scryptSync(password, salt, 32, { N: 2 ** ln, r, p, maxmem: 2 ** 29 });
  return `$scrypt$ln=${ln},r=${r},p=${p}$${unpadded(salt)}$${unpadded(key)}`;
}

/** As other systems would have made them of a password. */
const FORMATS: Record<string, (password: string) => string | Promise<string>> = {
  'Argon2id of another cost': (password) => argon2.hash(password, { memoryCost: 8_192, timeCost: 3, parallelism: 4 }),
  Argon2i: (password) => argon2.hash(password, { type: argon2.argon2i, memoryCost: 8_192 }),
  Argon2d: (password) => argon2.hash(password, { type: argon2.argon2d, memoryCost: 8_192 }),
  'bcrypt 2b': (password) => bcrypt.hash(password, 6),
  'bcrypt 2a': async (password) => (await bcrypt.hash(password, 6)).replace('$2b$', '$2a$'),
  'bcrypt 2y, as PHP writes it': async (password) => (await bcrypt.hash(password, 6)).replace('$2b$', '$2y$'),
  'PBKDF2 with SHA-256, as Passlib writes it': (password) => passlibPbkdf2('sha256', 32, password),
  'PBKDF2 with SHA-512': (password) => passlibPbkdf2('sha512', 64, password),
  'PBKDF2 with SHA-1': (password) => passlibPbkdf2('sha1', 20, password),
  'PBKDF2 with a key of several blocks, as Keycloak makes it': (password) => passlibPbkdf2('sha256', 64, password),
  'PBKDF2 in PHC format': (password) => {
    const salt = randomBytes(16);
    const key = pbkdf2Sync(password, salt, 30_000, 32, 'sha256');
    return `$pbkdf2-sha256$i=30000,l=32$${unpadded(salt)}$${unpadded(key)}`;
  },
  'PBKDF2, as Django writes it': (password) => {
    const key = pbkdf2Sync(password, 'Ybw8zsFxqja97tY', 30_000, 32, 'sha256');
    return `pbkdf2_sha256$30000$Ybw8zsFxqja97tY$${key.toString('base64')}`;
  },
  scrypt: (password) => scrypt(password, [12, 8, 1]),
  'scrypt with lanes': (password) => scrypt(password, [10, 8, 5]),
};

/** Published by those who made them; each is of the word `password`, or as said. */
const VECTORS: [by: string, hash: string, password: string][] = [
  ['Passlib, PBKDF2 with SHA-1', '$pbkdf2$1212$OB.dtnSEXZK8U5cgxU/GYQ$y5LKPOplRmok7CZp/aqVDVg8zGI', 'password'],
  [
    'Passlib, PBKDF2 with SHA-256',
    '$pbkdf2-sha256$1212$4vjV83LKPjQzk31VI4E0Vw$hsYF68OiOUPdDZ1Fg.fJPeq1h/gXXY7acBp9/6c.tmQ',
    'password',
  ],
  [
    'Passlib, PBKDF2 with SHA-512',
    '$pbkdf2-sha512$1212$RHY0Fr3IDMSVO/RSZyb5ow$eNLfBK.eVozomMr.1gYa17k9B7KIK25NOEshvhrSX.esqY3s.FvWZViXz4KoLlQI.BzY/YTNJOiKc5gBYFYGww',
    'password',
  ],
  ['Django, PBKDF2', 'pbkdf2_sha256$12000$seasalt$Ybw8zsFxqja97tY/o6G+Fy1ksY4U/Hw3DRrGED6Up4s=', 'lètmein'],
  [
    'Passlib, scrypt',
    '$scrypt$ln=16,r=8,p=1$aM15713r3Xsvxbi31lqr1Q$nFNh2CVHVjNldFVKDHDlm4CbdRSCdEBsjjJxD+iCs5E',
    'password',
  ],
  ['Openwall, bcrypt', '$2a$05$CCCCCCCCCCCCCCCCCCCCC.E5YPO9kmyuRGyh0XouQYb4YMJKvyOeW', 'U*U'],
  [
    'the Argon2 reference, version 19',
    '$argon2id$v=19$m=256,t=2,p=1$c29tZXNhbHQ$nf65EOgLrQMR/uIPnA4rEsF5h7TKyQwu9U1bMCHGi/4',
    'password',
  ],
  [
    'the Argon2 reference, version 16',
    '$argon2i$m=256,t=2,p=1$c29tZXNhbHQ$/U3YPXYsSb3q9XxHvc0MLxur+GP960kN9j7emXX8zwY',
    'password',
  ],
];

describe.each(ENGINES)('imported hashes on %s', (engine) => {
  const place = withPlace(engine);
  const imported = new Map<string, string>();

  /** @returns the user's name */
  async function importHash(password_hash: string): Promise<string> {
    const username = newName();
    const { status, body } = await place().api.post('/users', { username, password_hash });
    expect({ status, body }).toMatchObject({ status: 201, body: { has_password: true, must_change_password: false } });
    expect(JSON.stringify(body)).not.toContain(password_hash);
    imported.set(username, password_hash);
    return username;
  }

  test.each(Object.keys(FORMATS))('%s', async (format) => {
    const { signIn } = place();
    const password = newPassword();
    const username = await importHash((await FORMATS[format]?.(password)) ?? '');
    expect(await signIn(username, `${password}x`)).toBe('refused');
    expect(await signIn(username, password)).toBe('in');
    expect(await signIn(username, password)).toBe('in');
    expect(await signIn(username, `${password}x`)).toBe('refused');
  });

  test.each(VECTORS)('the vector of %s', async (_by, hash, password) => {
    const { signIn } = place();
    const username = await importHash(hash);
    expect(await signIn(username, `${password}x`)).toBe('refused');
    // Short or common, it was fine where it came from: it opens the door to choosing a better one.
    expect(await signIn(username, password)).toBe('new password');
  });

  test('of a system that did not compose characters, is right as it was typed there', async () => {
    const { signIn } = place();
    const password = `${newPassword()} Zoë`.normalize('NFD');
    const username = await importHash(await bcrypt.hash(password, 4));
    expect(await signIn(username, password.normalize('NFC'))).toBe('refused');
    expect(await signIn(username, password)).toBe('in');
    // From now on it is kept in its normal form, like everybody's.
    expect(await signIn(username, password.normalize('NFC'))).toBe('in');
  });

  test("bcrypt's 72 bytes end with the first sign-in", async () => {
    const { signIn } = place();
    const password = newPassword().padEnd(80, 'x');
    const username = await importHash(await bcrypt.hash(password, 4));
    expect(await signIn(username, password)).toBe('in');
    expect(await signIn(username, password.slice(0, 72))).toBe('refused');
    expect(await signIn(username, password)).toBe('in');
  });

  // The server has the embedded engine's only connection: it must end before anybody else looks.
  afterAll(async () => {
    const { server } = place();
    await server.stop();
    const { dataDir, databaseUrl: url } = server;
    const database = url ? ({ engine: 'postgres', url } as const) : ({ engine: 'embedded' } as const);
    const db = await openDatabase({ database, dataDir });
    const { rows } = await db
      .query<{ username: string; password_hash: string; same_time: boolean }>(
        'select username, password_hash, updated_at = created_at as same_time from users',
      )
      .finally(() => db.close());
    expect(rows.map(({ username }) => username).sort()).toEqual([...imported.keys()].sort());
    for (const { username, password_hash, same_time } of rows) {
      expect(password_hash).toMatch(/^\$argon2id\$v=19\$m=19456,p=1,t=2\$|^\$argon2id\$v=19\$m=19456,t=2,p=1\$/);
      expect(password_hash).not.toBe(imported.get(username));
      // It is the same password: nobody has changed the user.
      expect(same_time).toBe(true);
    }
  });
});

describe('a hash is not usable', () => {
  const salt = 'a'.repeat(22);
  const key = 'b'.repeat(43);
  test.each([
    ['of a format nobody knows', '5f4dcc3b5aa765d61d8327deb882cf99'],
    ['in clear', 'correct horse battery staple'],
    ['of crypt', '$6$rounds=5000$saltsalt$wKvjGR2U9Q9w0ZTXlZP1.Q'],
    ['cut off', `$2b$10$${'a'.repeat(52)}`],
    ['with something behind it', `$2b$10$${'a'.repeat(53)}\n`],
    ['Argon2 with gigabytes', `$argon2id$v=19$m=4194304,t=2,p=1$${salt}$${key}`],
    ['Argon2 with a thousand passes', `$argon2id$v=19$m=65536,t=1000,p=1$${salt}$${key}`],
    ['Argon2 with a thousand lanes', `$argon2id$v=19$m=65536,t=1,p=1000$${salt}$${key}`],
    ['Argon2 without memory', `$argon2id$v=19$m=1,t=1,p=1$${salt}$${key}`],
    ['Argon2 with a cost twice', `$argon2id$v=19$m=65536,m=65536,p=1$${salt}$${key}`],
    ['Argon2 of a version to come', `$argon2id$v=20$m=65536,t=1,p=1$${salt}$${key}`],
    ['bcrypt for minutes', `$2b$20$${'a'.repeat(53)}`],
    ['bcrypt below its least cost', `$2b$03$${'a'.repeat(53)}`],
    ['PBKDF2 for minutes', `$pbkdf2-sha256$9999999$${salt}$${key}`],
    ['PBKDF2 for minutes by way of its key', `$pbkdf2-sha1$5000000$${salt}$${key}`],
    ['PBKDF2 without rounds', `$pbkdf2-sha256$0$${salt}$${key}`],
    ['PBKDF2 with MD5', `$pbkdf2-md5$1000$${salt}$${key}`],
    ['scrypt with gigabytes', `$scrypt$ln=20,r=8,p=1$${salt}$${key}`],
    ['scrypt with absurd memory', `$scrypt$ln=99,r=8,p=1$${salt}$${key}`],
    ['scrypt for minutes', `$scrypt$ln=16,r=8,p=99$${salt}$${key}`],
    ['scrypt without blocks', `$scrypt$ln=14,r=0,p=1$${salt}$${key}`],
  ])('%s', (_what, hash) => {
    expect(isUsableHash(hash)).toBe(false);
  });
});
