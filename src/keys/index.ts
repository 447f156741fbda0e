/**
 * Signing keys. Owns the table signing_keys: makes one key per algorithm on the first start, keeps the private halves
 * sealed, hands every instance the same set and tells it when the set changed. Does not sign: the protocol engine does.
 */
import { generateKeyPair as generate } from 'node:crypto';
import { promisify } from 'node:util';
import type { JWK } from 'jose';
import { calculateJwkThumbprint } from 'jose';
import type { Seals } from '#src/crypto/index.ts';
import type { Database } from '#src/db/index.ts';
import * as queries from './queries.ts';

/** The order is the engine's order of preference, and what `/oauth/jwks` shows first. */
export const SIGNING_ALGS = ['RS256', 'ES256', 'Ed25519'] as const;
export type SigningAlg = (typeof SIGNING_ALGS)[number];

export interface Keys {
  /** Every key, private halves included. Fresh from the database. */
  load(): Promise<JWK[]>;
  /** Calls `changed` after any instance changed the keys. */
  onChange(changed: () => void): () => void;
}

const generateKeyPair = promisify(generate);

const GENERATE = {
  RS256: () => generateKeyPair('rsa', { modulusLength: 2048 }),
  ES256: () => generateKeyPair('ec', { namedCurve: 'P-256' }),
  Ed25519: () => generateKeyPair('ed25519'),
} satisfies Record<SigningAlg, unknown>;

/** Opens the key set, making the keys that are missing. Instances that start together end up with the same ones. */
export async function createKeys({ db, seals }: { db: Database; seals: Seals }): Promise<Keys> {
  const present = new Set((await queries.listKeys(db)).map(({ alg }) => alg));
  for (const alg of SIGNING_ALGS.filter((wanted) => !present.has(wanted))) {
    // Made before the statement that keeps it, which is a no-op where another instance was quicker.
    await queries.addFirstKey(db, await newKey(alg, seals));
  }

  return {
    async load() {
      const rows = await queries.listKeys(db);
      return rows.map(
        ({ kid, private_jwk }) => JSON.parse(seals.open(private_jwk, sealContext(kid)).toString()) as JWK,
      );
    },
    onChange: (changed) => db.onChange('signing_keys', changed),
  };
}

async function newKey(alg: SigningAlg, seals: Seals): Promise<queries.KeyRow> {
  const { privateKey, publicKey } = await GENERATE[alg]();
  const publicJwk = publicKey.export({ format: 'jwk' }) as JWK;
  const named = { kid: await calculateJwkThumbprint(publicJwk), alg, use: 'sig' };
  const privateJwk = { ...privateKey.export({ format: 'jwk' }), ...named };
  return {
    kid: named.kid,
    alg,
    public_jwk: { ...publicJwk, ...named },
    private_jwk: seals.seal(Buffer.from(JSON.stringify(privateJwk)), sealContext(named.kid)),
  };
}

const sealContext = (kid: string) => `signing_keys.private_jwk:${kid}`;
