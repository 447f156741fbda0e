import { randomBytes } from 'node:crypto';
import argon2 from 'argon2';
import { readHash } from './usable-hashes.ts';

/** OWASP's Argon2id floor for servers: 19 MiB, 2 passes, 1 lane. About 30 ms on one core. */
const ARGON2ID = { type: argon2.argon2id, memoryCost: 19_456, timeCost: 2, parallelism: 1 } as const;

/** Waiting longer than this many hashes is a slow death for everybody; the caller answers 503 with Retry-After. */
const LONGEST_QUEUE = 200;

export class PasswordQueueFull extends Error {
  constructor() {
    super('too many passwords are waiting to be verified');
  }
}

/**
 * True when one of the spellings of a password fits the hash. Without a hash (unknown user, user without password) or a
 * spelling it spends the same time on a decoy and says false, so the time taken does not tell whether the user exists.
 */
export type Verify = (hash: string | undefined, spellings: readonly string[]) => Promise<boolean>;

export interface PasswordHasher {
  /** @throws {PasswordQueueFull} */
  hash(password: string): Promise<string>;
  /**
   * Does the work when a place in the queue is free. It must not ask for another place.
   *
   * @throws {PasswordQueueFull} and then the work was not begun
   */
  inTurn<T>(work: (verify: Verify) => Promise<T>): Promise<T>;
  /** Whether it is of our own making, at today's cost. */
  isCurrent(hash: string): boolean;
}

/** @param concurrency hashes computed at once: more than the cores only makes each of them slower */
export function createPasswordHasher(concurrency: number): PasswordHasher {
  const inTurn = createQueue(concurrency);
  const decoy = hashOfNothing();

  const verify: Verify = async (hash, spellings) => {
    const check = hash === undefined || spellings.length === 0 ? undefined : readHash(hash);
    let fits = false;
    for (const spelling of spellings.length > 0 ? spellings : ['']) {
      fits ||= await (check ? check(spelling) : argon2.verify(decoy, spelling));
    }
    return check !== undefined && fits;
  };

  return {
    hash: (password) => inTurn(() => argon2.hash(password, ARGON2ID)),
    inTurn: (work) => inTurn(() => work(verify)),
    isCurrent: (hash) => hash.startsWith('$argon2id$') && !argon2.needsRehash(hash, ARGON2ID),
  };
}

/** Costs as much to verify as any of ours, and nobody knows a password for it: salt and hash are random (PHC string format). */
function hashOfNothing(): string {
  const { memoryCost, timeCost, parallelism } = ARGON2ID;
  const [salt, hash] = [16, 32].map((bytes) => randomBytes(bytes).toString('base64').replaceAll('=', ''));
  return `$argon2id$v=19$m=${memoryCost},t=${timeCost},p=${parallelism}$${salt}$${hash}`;
}

function createQueue(concurrency: number) {
  let running = 0;
  const waiting: (() => void)[] = [];

  return async function inTurn<T>(work: () => Promise<T>): Promise<T> {
    if (running >= concurrency) {
      if (waiting.length >= LONGEST_QUEUE) throw new PasswordQueueFull();
      await new Promise<void>((start) => waiting.push(start));
    } else {
      running += 1;
    }
    try {
      return await work();
    } finally {
      // Hand the place on rather than free and retake it: no newcomer can overtake the queue.
      const next = waiting.shift();
      if (next) next();
      else running -= 1;
    }
  };
}
