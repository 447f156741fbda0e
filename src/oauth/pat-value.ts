/**
 * What a personal access token looks like: `mmp_`, 256 random bits in base64url, and the CRC-32 of all that in base62.
 * Secret scanners find it by `mmp_[A-Za-z0-9_-]{43}[0-9A-Za-z]{6}` and know by the checksum that it is no coincidence;
 * here the checksum keeps typing errors and noise away from the database. It proves nothing: anybody can compute it.
 */
import { crc32 } from 'node:zlib';

const PREFIX = 'mmp_';
const VALUE = /^(mmp_[A-Za-z0-9_-]{43})([0-9A-Za-z]{6})$/;
const BASE62 = '0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz';
const CHECKSUM_LENGTH = 6;

export const PAT_JWT_TYPE = 'pat+jwt';

/** @param secret 256 bits in base64url */
export function patValue(secret: string): string {
  const named = `${PREFIX}${secret}`;
  return `${named}${checksum(named)}`;
}

/** Well formed, with the right checksum. */
export function isOpaquePat(value: string): boolean {
  const [, named, sum] = VALUE.exec(value) ?? [];
  return named !== undefined && checksum(named) === sum;
}

/**
 * Opaque values that do not say when they were made have this many characters of the same alphabet: one in 16 million begins
 * like one, too. Those that do say it would begin so in the year 7350.
 */
const OTHER_LENGTH = 43;

/** Says of itself that it is a personal access token, opaque or JWT; whether it is one is for others to find out. */
export function looksLikePat(value: string): boolean {
  return (value.startsWith(PREFIX) && value.length !== OTHER_LENGTH) || typeOfJwt(value) === PAT_JWT_TYPE;
}

function checksum(named: string): string {
  let rest = crc32(named);
  let digits = '';
  for (let i = 0; i < CHECKSUM_LENGTH; i += 1) {
    digits = `${BASE62[rest % 62]}${digits}`;
    rest = Math.floor(rest / 62);
  }
  return digits;
}

/** What an unverified JWT says it is. */
function typeOfJwt(value: string): unknown {
  const [header = '', ...rest] = value.split('.');
  if (rest.length !== 2) return undefined;
  try {
    return (JSON.parse(Buffer.from(header, 'base64url').toString()) as { typ?: unknown } | null)?.typ;
  } catch {
    return undefined;
  }
}
