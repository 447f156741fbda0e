import { hkdfSync } from 'node:crypto';

/** Entries of one status list, 2^18: as many as compress to a few kilobytes while a share of them is revoked. */
export const LIST_SIZE = 2 ** 18;

const HALF_BITS = 9;
const HALF = 2 ** HALF_BITS;
const MASK = HALF - 1;
/** A balanced Feistel network of six rounds resists whoever sees few of its 2^18 points (Patarin, CRYPTO 2004). */
const ROUNDS = 6;

/**
 * The order in which a list's indices are given out: a keyed permutation, so that an index tells neither when its token
 * was issued nor how many were (Token Status List, "Unlinkability"), and no two numbers ever meet in one index.
 */
export function permutationOf(key: Buffer, list: number): (position: number) => number {
  // Each round's function is a table that HKDF fills: 512 values of 9 bits, drawn from 16.
  const tables = new Uint16Array(
    hkdfSync('sha256', key, '', `mintmark status list ${list}`, ROUNDS * HALF * Uint16Array.BYTES_PER_ELEMENT),
  );
  return (position) => {
    let left = position >> HALF_BITS;
    let right = position & MASK;
    for (let round = 0; round < ROUNDS; round += 1) {
      const mixed = (tables[round * HALF + right] ?? 0) & MASK;
      [left, right] = [right, left ^ mixed];
    }
    return (left << HALF_BITS) | right;
  };
}
