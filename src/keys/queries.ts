/**
 * All SQL of the signing keys. Times are the database's, so that instances whose clocks differ agree which key signs.
 *
 * Whatever changes the keys holds the table's lock (`changing`): of two instances that rotate at once the second finds
 * what the first one left. Reading is never waited for. That another key signs, or soon will, is told by the statement that
 * makes it so, whoever asked for it.
 */
import type { JWK } from 'jose';
import type { Database, Db } from '#src/db/index.ts';
import type { KeyState, SigningAlg } from './key.ts';

export interface NewKey {
  kid: string;
  alg: SigningAlg;
  public_jwk: JWK;
  private_jwk: Buffer;
  longest_ttl: number;
}

export interface KeyRow extends NewKey {
  state: KeyState;
  created_at: Date;
  signs_from: Date;
  signs_until: Date | null;
  /** A minute later than arithmetic says: verifiers' clocks, and tokens signed while the notice of a rotation travelled. */
  retires_at: Date | null;
  /** The moment of this reading. */
  now: Date;
}

const STATE = `case when signs_from > now() then 'next' when signs_until <= now() then 'retiring' else 'current' end`;
const RETIRES_AT = `signs_until + make_interval(secs => longest_ttl + 60)`;

export async function listKeys(db: Db): Promise<KeyRow[]> {
  const { rows } = await db.query<KeyRow>(
    `select kid, alg, public_jwk, private_jwk, created_at, signs_from, signs_until, longest_ttl,
            ${RETIRES_AT} as retires_at,
            now() as now,
            ${STATE} as state
       from signing_keys
      order by signs_from desc, kid`,
  );
  return rows;
}

export function changing<T>(db: Database, change: (tx: Db) => Promise<T>): Promise<T> {
  return db.transaction(async (tx) => {
    await tx.query('lock table signing_keys in share row exclusive mode');
    return change(tx);
  });
}

/** Keeps the key unless its algorithm has one. */
export async function addFirstKey(db: Db, key: NewKey): Promise<void> {
  await db.query(
    `with added as (
       insert into signing_keys (kid, alg, public_jwk, private_jwk, longest_ttl)
       values ($1, $2, $3, $4, $5)
       on conflict (alg) where signs_until is null do nothing
       returning kid, alg, signs_from
     )
     insert into events (type, data)
     select 'key.rotated', jsonb_build_object('alg', alg, 'kid', kid, 'signs_from', signs_from)
       from added`,
    values(key),
  );
}

/** Lets `key` follow the one named, in so many seconds. False: another key follows it already, or it is not yet current. */
export async function follow(db: Db, kid: string, key: NewKey, inSeconds: number): Promise<boolean> {
  const { rowCount } = await db.query(
    `with followed as (
       update signing_keys
          set signs_until = now() + make_interval(secs => $7)
        where kid = $6 and signs_until is null and signs_from <= now()
       returning signs_until, longest_ttl
     ), event as (
       insert into events (type, data)
       select 'key.rotated',
              jsonb_build_object('alg', $2::text, 'kid', $1::text, 'follows', $6::text, 'signs_from', signs_until)
         from followed
     )
     insert into signing_keys (kid, alg, public_jwk, private_jwk, longest_ttl, signs_from)
     select $1, $2, $3, $4, greatest($5, longest_ttl), signs_until from followed`,
    [...values(key), kid, inSeconds],
  );
  return rowCount > 0;
}

/** Lets the next key of this algorithm sign from now on. False: there is none. */
export async function promote(db: Db, alg: SigningAlg): Promise<boolean> {
  const { rowCount } = await db.query(
    `with changed as (
       update signing_keys
          set signs_from = least(signs_from, now()),
              signs_until = case when signs_until > now() then now() else signs_until end
        where alg = $1
          and (signs_from > now() or signs_until > now())
       returning kid, signs_from, signs_until
     ), event as (
       insert into events (type, data)
       select 'key.rotated', jsonb_build_object('alg', $1::text, 'kid', kid, 'signs_from', signs_from)
         from changed
        where signs_until is null
     )
     select kid from changed`,
    [alg],
  );
  return rowCount > 0;
}

/** Lets whatever key is the newest of this algorithm be followed by none: its successor is gone. */
export async function goOn(db: Db, alg: SigningAlg): Promise<void> {
  await db.query(`update signing_keys set signs_until = null where alg = $1 and signs_until > now()`, [alg]);
}

/** What it was when it went; undefined when there is none. */
export async function removeKey(db: Db, kid: string): Promise<{ alg: SigningAlg; state: KeyState } | undefined> {
  const { rows } = await db.query<{ alg: SigningAlg; state: KeyState }>(
    `delete from signing_keys
      where kid = $1
     returning alg, ${STATE} as state`,
    [kid],
  );
  return rows[0];
}

export async function removeRetired(db: Db): Promise<void> {
  await db.query(`delete from signing_keys where ${RETIRES_AT} <= now()`);
}

/** Keeps those that sign, or may still do so on an instance that has not heard, in the set for so many seconds longer. */
export async function keepFor(db: Db, alg: SigningAlg, seconds: number): Promise<void> {
  await db.query(
    `update signing_keys
        set longest_ttl = $2
      where alg = $1
        and longest_ttl < $2
        and (signs_until is null or signs_until > now() - interval '1 minute')`,
    [alg, seconds],
  );
}

/** Unless somebody has done so meanwhile. */
export async function resealKey(db: Db, kid: string, { from, to }: { from: Buffer; to: Buffer }): Promise<void> {
  await db.query(`update signing_keys set private_jwk = $3 where kid = $1 and private_jwk = $2`, [kid, from, to]);
}

const values = (key: NewKey) => [key.kid, key.alg, JSON.stringify(key.public_jwk), key.private_jwk, key.longest_ttl];
