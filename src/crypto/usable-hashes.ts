/**
 * Password hashes of other systems, in the formats that they are commonly kept in. Each is checked with its own costs, so
 * an import could ask for gigabytes or minutes per sign-in: what would take more than about a second is not usable.
 */
import { pbkdf2, scrypt, timingSafeEqual } from 'node:crypto';
import { promisify } from 'node:util';
import argon2 from 'argon2';

/** Whether this password is the one behind the hash. */
export type Check = (password: string) => Promise<boolean>;

export const USABLE_HASHES =
  '$argon2id$… (also argon2i, argon2d), $2b$… (bcrypt), $pbkdf2-sha256$… or pbkdf2_sha256$… (also sha1, sha512), or ' +
  '$scrypt$ln=…,r=…,p=…$…, at a cost of at most 256 MiB and about a second';

/** Undefined when it is no format of these, or costs too much. */
export function readHash(hash: string): Check | undefined {
  for (const read of [readArgon2, readBcrypt, readPbkdf2, readScrypt]) {
    const check = read(hash);
    if (check) return check;
  }
  return undefined;
}

export const isUsableHash = (hash: string) => readHash(hash) !== undefined;

const MIB = 1024 * 1024;
const MOST_MEMORY = 256 * MIB;
const MOST_LANES = 16;
/** Over all passes. */
const MOST_ARGON2_WORK = 1024 * MIB;
const MOST_SCRYPT_WORK = 512 * MIB;
const MOST_BCRYPT_COST = 14;
/** Rounds, times the blocks that make the key. */
const MOST_PBKDF2_WORK = { sha1: 6_000_000, sha256: 6_000_000, sha512: 2_000_000 } as const;
const DIGEST_BYTES = { sha1: 20, sha256: 32, sha512: 64 } as const;

/** PHC string format; libraries do not agree on the order of the costs. */
const ARGON2 =
  /^\$argon2(?:id|i|d)(?:\$v=(?:16|19))?\$([mtp]=\d{1,7}(?:,[mtp]=\d{1,7}){2})\$[A-Za-z0-9+/]{11,86}\$[A-Za-z0-9+/]{22,86}$/;

function readArgon2(hash: string): Check | undefined {
  const costs = ARGON2.exec(hash)?.[1]?.split(',').map(toPair);
  const { m = 0, t: passes = 0, p: lanes = 0 } = Object.fromEntries(costs ?? []);
  const memory = m * 1024;
  if (lanes < 1 || lanes > MOST_LANES || m < 8 * lanes || passes < 1) return undefined;
  if (memory > MOST_MEMORY || memory * passes > MOST_ARGON2_WORK) return undefined;
  return (password) => argon2.verify(hash, password);
}

function toPair(cost: string): [name: string, value: number] {
  const [name = '', value] = cost.split('=');
  return [name, Number(value)];
}

/** Loaded for the first of them: only imported hashes are of its making. */
const bcrypt = async () => (await import('bcrypt')).default;

const BCRYPT = /^\$2[aby](\$(\d\d)\$[./A-Za-z0-9]{53})$/;

/** It looks at the first 72 bytes of a password only. That ends when our own hash replaces it. */
function readBcrypt(hash: string): Check | undefined {
  const [, rest, cost] = BCRYPT.exec(hash) ?? [];
  if (rest === undefined || Number(cost) < 4 || Number(cost) > MOST_BCRYPT_COST) return undefined;
  // 2y is what PHP calls 2b.
  return async (password) => (await bcrypt()).compare(password, `$2b${rest}`);
}

type Sha = keyof typeof DIGEST_BYTES;

/** Passlib's and PHC's: base64 without padding, in Passlib's with a dot for the plus. */
const PBKDF2 =
  /^\$pbkdf2(?:-(sha1|sha256|sha512))?\$(?:i=)?(\d{1,7})(?:,l=\d{1,3})?\$([A-Za-z0-9+/.]{1,128})\$([A-Za-z0-9+/.]{22,86})={0,2}$/;
/** Django's: the salt is the text itself. */
const DJANGO_PBKDF2 = /^pbkdf2_(sha1|sha256|sha512)\$(\d{1,7})\$([^$]{1,128})\$([A-Za-z0-9+/]{22,86})={0,2}$/;

const fromBase64 = (text: string) => Buffer.from(text.replaceAll('.', '+'), 'base64');

function readPbkdf2(hash: string): Check | undefined {
  const django = DJANGO_PBKDF2.exec(hash);
  const [, sha = 'sha1', rounds = '', salt = '', key = ''] = django ?? PBKDF2.exec(hash) ?? [];
  const expected = fromBase64(key);
  const blocks = Math.ceil(expected.length / DIGEST_BYTES[sha as Sha]);
  const work = Number(rounds) * blocks;
  if (work < 1 || work > MOST_PBKDF2_WORK[sha as Sha]) return undefined;
  const saltBytes = django ? Buffer.from(salt) : fromBase64(salt);
  return async (password) => {
    const derived = await promisify(pbkdf2)(password, saltBytes, Number(rounds), expected.length, sha);
    return timingSafeEqual(derived, expected);
  };
}

const SCRYPT =
  /^\$scrypt\$ln=(\d{1,2}),r=(\d{1,2}),p=(\d{1,2})\$([A-Za-z0-9+/.]{1,128})={0,2}\$([A-Za-z0-9+/.]{22,86})={0,2}$/;

type Derive = (password: string, salt: Buffer, length: number, options: object) => Promise<Buffer>;

function readScrypt(hash: string): Check | undefined {
  const [, ln, r, p, salt = '', key = ''] = SCRYPT.exec(hash) ?? [];
  const cost = { N: 2 ** Number(ln), r: Number(r), p: Number(p) };
  const memory = 128 * cost.N * cost.r;
  const work = memory * cost.p;
  if (!(cost.N > 1 && work > 0 && memory <= MOST_MEMORY && work <= MOST_SCRYPT_WORK)) return undefined;
  const expected = fromBase64(key);
  // Beside its table scrypt holds one block for each lane.
  const maxmem = memory + 256 * cost.r * (cost.p + 2);
  return async (password) => {
    const derived = await (promisify(scrypt) as Derive)(password, fromBase64(salt), expected.length, {
      ...cost,
      maxmem,
    });
    return timingSafeEqual(derived, expected);
  };
}
