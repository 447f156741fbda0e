const SHORTEST_BYTES = 8;
/** NIST SP 800-63B asks for 64 characters at least; an end there must be, or the hash queue is a way to keep us busy. */
const LONGEST_BYTES = 1024;
/** A foreign hash is verified with its own costs, so an import could ask for gigabytes per sign-in: at most 256 MiB, 16 passes. */
const MOST_MEMORY_KIB = 262_144;
const MOST_PASSES = 16;
const MOST_LANES = 16;

/** PHC string format; libraries do not agree on the order of the costs. */
const ARGON2ID = /^\$argon2id\$v=19\$([mtp]=\d{1,7}(?:,[mtp]=\d{1,7}){2})\$[A-Za-z0-9+/]{11,86}\$[A-Za-z0-9+/]{22,86}$/;

/** One text for one password, however the keyboard composed it (RFC 8265 §4.2.2). Undefined when it cannot be anybody's. */
export function normalisePassword(password: string): string | undefined {
  const text = password.normalize('NFC');
  const bytes = Buffer.byteLength(text);
  return bytes >= SHORTEST_BYTES && bytes <= LONGEST_BYTES && text.isWellFormed() ? text : undefined;
}

/** Hashes that can be brought along: Argon2id in PHC string format, with costs that we are willing to pay. */
export function isUsableHash(hash: string): boolean {
  const costs = ARGON2ID.exec(hash)?.[1]?.split(',').map(toPair);
  const { m: memory = 0, t: passes = 0, p: lanes = 0 } = Object.fromEntries(costs ?? []);
  if (lanes < 1 || lanes > MOST_LANES || passes < 1 || passes > MOST_PASSES) return false;
  return memory >= 8 * lanes && memory <= MOST_MEMORY_KIB;
}

function toPair(cost: string): [name: string, value: number] {
  const [name = '', value] = cost.split('=');
  return [name, Number(value)];
}
