/**
 * Signing keys, which rotate by themselves. Owns the table signing_keys: one key of each algorithm signs, the next one is
 * published before it does, and former ones stay published until nothing they signed is of use. Keeps the private halves
 * sealed and every instance on the same set. Signs and verifies JWTs by them, for those who do not leave it to the engine;
 * what a JWT says is not its business.
 */
import { EventEmitter } from 'node:events';
import type { JWK } from 'jose';
import type { Seals } from '#src/crypto/index.ts';
import type { Database } from '#src/db/index.ts';
import { newKey, openKey, sealKey } from './generate.ts';
import { createJwts, type Jwts } from './jwts.ts';
import { inOrder, SIGNING_ALGS, type SigningAlg, type SigningKey, toKey } from './key.ts';
import * as queries from './queries.ts';
import { revokeKey, rotateKey } from './rotate.ts';
import { isDue, millisecondsToNextMoment, PUBLICATION_S } from './schedule.ts';

export { KEY_STATES, SIGNING_ALGS, type SigningAlg, type SigningKey } from './key.ts';

export interface Keys extends Jwts {
  /** Every published key with its private half, in the engine's order of preference. */
  all(): readonly JWK[];
  /** The one that signs, private half included. */
  current(alg: SigningAlg): JWK;
  /** Calls `changed` when the set, or which of it signs, has changed: by any instance, or because it was time. */
  onChange(changed: () => void): () => void;
  /** Before something is signed that lives this long: its key stays published until then. @throws {Unavailable} */
  keepFor(alg: SigningAlg, seconds: number): Promise<void>;
  /** As it stands in the database. */
  list(): Promise<SigningKey[]>;
  /**
   * Publishes a next key of these algorithms, where there is none; or, in an emergency, lets it sign at once.
   *
   * @returns the newest key of each
   */
  rotate(how: { algs?: readonly SigningAlg[] | undefined; immediately?: boolean | undefined }): Promise<SigningKey[]>;
  /** Takes a key out of the set at once; what it signed is refused. @returns the one that signs now @throws {NotFound} */
  revoke(kid: string): Promise<SigningKey>;
  close(): void;
}

interface KeysDeps {
  readonly db: Database;
  readonly seals: Seals;
  readonly log: { error(fields: object, message: string): void };
}

interface HeldKey extends SigningKey {
  readonly privateJwk: JWK;
  readonly longestTtl: number;
}

/** After the database failed us. */
const RETRY_MS = 5_000;

/** Opens the key set, making the keys that are missing. Instances that start together end up with the same ones. */
export async function createKeys({ db, seals, log }: KeysDeps): Promise<Keys> {
  const changes = new EventEmitter().setMaxListeners(0);
  const opened = new Map<string, JWK>();
  let held: readonly HeldKey[] = [];
  let jwts = createJwts(held);
  let reading: Promise<void> = Promise.resolve();
  let next: Promise<void> | undefined;
  let tending = false;
  let timer: NodeJS.Timeout | undefined;
  let closed = false;

  /** A reading that begins after the call, so that who changed something sees it; one for all who wait for it. */
  function refresh(): Promise<void> {
    next ??= reading
      .catch(() => {})
      .then(() => {
        next = undefined;
        reading = read();
        return reading;
      });
    return next;
  }

  async function read(): Promise<void> {
    const rows = await queries.listKeys(db);
    const found = inOrder(rows.map((row) => ({ ...toKey(row), privateJwk: open(row), longestTtl: row.longest_ttl })));
    const changed = fingerprint(found) !== fingerprint(held);
    // Before `held` is another one: after a key that cannot be used, the next reading must not find everything as it was.
    if (changed) jwts = createJwts(found);
    held = found;
    if (changed) changes.emit('change');
    wakeIn(millisecondsToNextMoment(rows));
    if (!tending) void tend(rows);
  }

  function open({ kid, private_jwk }: queries.KeyRow): JWK {
    const jwk = opened.get(kid) ?? openKey(private_jwk, kid, seals);
    opened.set(kid, jwk);
    return jwk;
  }

  /** What is due, whichever instance gets there first. Every change it makes comes back here as a notice. */
  async function tend(rows: readonly queries.KeyRow[]): Promise<void> {
    tending = true;
    try {
      if (rows.some(({ retires_at, now }) => retires_at && retires_at <= now)) await queries.removeRetired(db);
      for (const { alg, kid } of rows.filter(isDue)) {
        const key = await newKey(alg, seals);
        await queries.changing(db, (tx) => queries.follow(tx, kid, key, PUBLICATION_S));
      }
    } catch (error) {
      failed(error);
    } finally {
      tending = false;
    }
  }

  function failed(error: unknown): void {
    if (closed) return;
    log.error({ err: error }, 'the signing keys could not be looked after; those that are there stay in use');
    wakeIn(RETRY_MS);
  }

  function wakeIn(milliseconds: number): void {
    clearTimeout(timer);
    if (!closed) timer = setTimeout(() => refresh().catch(failed), milliseconds).unref();
  }

  const list = async () => inOrder((await queries.listKeys(db)).map(toKey));

  function current(alg: SigningAlg): HeldKey {
    const key = held.find((one) => one.alg === alg && one.state === 'current');
    if (!key) throw new Error(`no key signs ${alg}`);
    return key;
  }

  await addMissing(db, seals);
  await resealOld(db, seals);
  const stopListening = db.onChange('signing_keys', () => refresh().catch(failed));
  await refresh();

  return {
    all: () => held.map(({ privateJwk }) => privateJwk),
    current: (alg) => current(alg).privateJwk,
    sign: (alg, header, claims) => jwts.sign(alg, header, claims),
    verify: (jwt, typ) => jwts.verify(jwt, typ),
    onChange(changed) {
      changes.on('change', changed);
      return () => changes.off('change', changed);
    },
    async keepFor(alg, seconds) {
      if (held.every((key) => key.alg !== alg || key.state === 'retiring' || key.longestTtl >= seconds)) return;
      await queries.keepFor(db, alg, seconds);
      await refresh();
    },
    list,
    async rotate({ algs = SIGNING_ALGS, immediately = false }) {
      for (const alg of algs) await rotateKey(db, seals, alg, immediately);
      await refresh();
      return (await list()).filter(({ alg, signsUntil }) => algs.includes(alg) && signsUntil === undefined);
    },
    async revoke(kid) {
      const revoked = await revokeKey(db, seals, kid);
      await refresh();
      return (await list()).find(({ alg, state }) => alg === revoked && state === 'current') as SigningKey;
    },
    close() {
      closed = true;
      clearTimeout(timer);
      stopListening();
    },
  };
}

/** What makes a set another one for those who sign and publish. */
const fingerprint = (keys: readonly HeldKey[]) => keys.map(({ kid, state }) => `${kid} ${state}`).join();

async function addMissing(db: Database, seals: Seals): Promise<void> {
  const present = new Set((await queries.listKeys(db)).map(({ alg }) => alg));
  for (const alg of SIGNING_ALGS.filter((wanted) => !present.has(wanted))) {
    await queries.addFirstKey(db, await newKey(alg, seals));
  }
}

/** At the start only: two instances with their secret keys in another order would do it without end. */
async function resealOld(db: Database, seals: Seals): Promise<void> {
  for (const { kid, private_jwk: from } of await queries.listKeys(db)) {
    if (seals.isNewest(from)) continue;
    await queries.resealKey(db, kid, { from, to: sealKey(openKey(from, kid, seals), kid, seals) });
  }
}
