/**
 * Token status lists (draft-ietf-oauth-status-list): what tells a verifier that never asks us whether a JWT still lives.
 * Each list holds one bit for each of its tokens and is a JWT itself. Owns who gets which entry, and what the lists say.
 */
import { createHash, randomBytes } from 'node:crypto';
import { promisify } from 'node:util';
import { deflate as zlibDeflate } from 'node:zlib';
import type { Seals } from '#src/crypto/index.ts';
import { type Database, Unavailable } from '#src/db/index.ts';
import type { Keys } from '#src/keys/index.ts';
import type { StatusEntry } from './records.ts';
import { createStatusEntries } from './status-entries.ts';
import { LIST_SIZE } from './status-permutation.ts';
import * as queries from './status-queries.ts';

/** How long a verifier may go on with its copy: a revoked token is refused everywhere this much later at most. */
const TTL_S = 30;
/** Past `ttl` a verifier should fetch, past `exp` it must not believe: what bridges an outage of ours, if it wants that. */
const LIFETIME_S = 10 * TTL_S;
/** A copy is served for this long, or for four times as long as it took to make: a long list must not busy the database. */
const FRESH_MS = 1_000;
const REST_FACTOR = 4;

const SIGNING_ALG = 'ES256';
const deflate = promisify(zlibDeflate);

/** A signed list. It says how things stood at `readAt`. */
export interface StatusList {
  readonly jwt: string;
  readonly etag: string;
  readonly readAt: number;
  /** Seconds, from `readAt`. */
  readonly ttl: number;
}

export interface StatusLists {
  /** The entry of a new token: nobody else has it. @throws {Unavailable} */
  take(): Promise<StatusEntry>;
  uriOf(list: number): string;
  /** As it stands now, give or take a second; undefined when there is no such list. @throws {Unavailable} */
  read(list: number): Promise<StatusList | undefined>;
}

interface StatusListDeps {
  readonly db: Database;
  readonly seals: Seals;
  readonly keys: Pick<Keys, 'current' | 'sign'>;
  readonly issuer: string;
  /** Personal access tokens are switched on; else all of them have ended. */
  readonly acceptPats?: boolean;
}

interface Copy extends StatusList {
  readonly kid: string | undefined;
  readonly freshUntil: number;
}

export async function createStatusLists(deps: StatusListDeps): Promise<StatusLists> {
  const { db, seals, keys, issuer, acceptPats = true } = deps;
  const take = createStatusEntries(db, await permutationKey(db, seals));
  const uriOf = (list: number) => `${issuer}/status/${list}`;
  const copies = new Map<number, Copy>();
  const making = new Map<number, Promise<Copy>>();
  let newest = -1;
  let turn: Promise<unknown> = Promise.resolve();

  async function exists(list: number): Promise<boolean> {
    if (list <= newest) return true;
    const block = await queries.newestBlock(db);
    if (block !== undefined) newest = Math.floor(block / LIST_SIZE);
    return list <= newest;
  }

  async function make(list: number): Promise<Copy> {
    // Before the question is sent: what ends while it is answered is not in this copy for sure.
    const readAt = Date.now();
    const bits = bitsOf(await queries.endedIndices(db, list, acceptPats));
    const lst = (await deflate(bits, { level: 9 })).toString('base64url');
    const iat = Math.floor(readAt / 1000);
    const claims = {
      iss: issuer,
      sub: uriOf(list),
      iat,
      exp: iat + LIFETIME_S,
      ttl: TTL_S,
      status_list: { bits: 1, lst },
    };
    const { kid } = keys.current(SIGNING_ALG);
    const jwt = await keys.sign(SIGNING_ALG, { typ: 'statuslist+jwt' }, claims).compact;
    const etag = `"${createHash('sha256').update(jwt).digest('base64url')}"`;
    const freshUntil = readAt + Math.max(FRESH_MS, REST_FACTOR * (Date.now() - readAt));
    const copy = { jwt, etag, readAt, ttl: TTL_S, kid, freshUntil };
    for (const [other, { readAt: past }] of copies) if (past + TTL_S * 1000 < readAt) copies.delete(other);
    copies.set(list, copy);
    return copy;
  }

  /** One list at a time: anybody may ask for any of them, and the database has other things to do. */
  function makeInTurn(list: number): Promise<Copy> {
    const under = making.get(list);
    if (under) return under;
    const made = turn.then(() => make(list)).finally(() => making.delete(list));
    making.set(list, made);
    turn = made.catch(() => {});
    return made;
  }

  return {
    take,
    uriOf,
    async read(list) {
      const copy = copies.get(list);
      // A list that a revoked key signed is worth nothing, however fresh.
      if (copy && copy.freshUntil > Date.now() && copy.kid === keys.current(SIGNING_ALG).kid) return copy;
      if (!(await exists(list))) return undefined;
      try {
        return await makeInTurn(list);
      } catch (error) {
        // Older than we would like, but it says so itself: better than nothing while the database is away.
        if (error instanceof Unavailable && copy && copy.readAt + TTL_S * 1000 > Date.now()) return copy;
        throw error;
      }
    },
  };
}

/** Bit 0 of byte 0 is index 0 (Token Status List, "Status List"); set: not valid. */
function bitsOf(ended: readonly number[]): Buffer {
  const bits = Buffer.alloc(LIST_SIZE / 8);
  for (const index of ended) bits[index >> 3] = (bits[index >> 3] ?? 0) | (1 << (index & 7));
  return bits;
}

const SEAL_CONTEXT = 'status_permutation.sealed_key';

/** Random and kept, not derived: it must outlive every one of MINTMARK_SECRET_KEYS, or indices would be given twice. */
async function permutationKey(db: Database, seals: Seals): Promise<Buffer> {
  const sealed = await queries.permutationKey(db, seals.seal(randomBytes(32), SEAL_CONTEXT));
  const key = seals.open(sealed, SEAL_CONTEXT);
  if (!seals.isNewest(sealed)) {
    await queries.resealPermutationKey(db, { from: sealed, to: seals.seal(key, SEAL_CONTEXT) });
  }
  return key;
}
