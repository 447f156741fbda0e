import type { JWK } from 'jose';
import type { KeyRow } from './queries.ts';

/** The order is the engine's order of preference, and what `/oauth/jwks` shows first. */
export const SIGNING_ALGS = ['RS256', 'ES256', 'Ed25519'] as const;
export type SigningAlg = (typeof SIGNING_ALGS)[number];

/** *next*: published, does not sign yet. *current*: signs. *retiring*: verifies what it signed, until that is dead. */
export const KEY_STATES = ['current', 'next', 'retiring'] as const;
export type KeyState = (typeof KEY_STATES)[number];

export interface SigningKey {
  /** RFC 7638 thumbprint. */
  readonly kid: string;
  readonly alg: SigningAlg;
  readonly state: KeyState;
  readonly publicJwk: JWK;
  readonly createdAt: Date;
  readonly signsFrom: Date;
  /** Undefined while no successor is known. */
  readonly signsUntil: Date | undefined;
  readonly retiresAt: Date | undefined;
}

export function toKey(row: KeyRow): SigningKey {
  return {
    kid: row.kid,
    alg: row.alg,
    state: row.state,
    publicJwk: row.public_jwk,
    createdAt: row.created_at,
    signsFrom: row.signs_from,
    signsUntil: row.signs_until ?? undefined,
    retiresAt: row.retires_at ?? undefined,
  };
}

/** The engine signs with the first key of an algorithm; the others are only published. */
export function inOrder<Key extends { alg: SigningAlg; state: KeyState }>(keys: readonly Key[]): Key[] {
  const rank = ({ alg, state }: Key) => KEY_STATES.indexOf(state) * SIGNING_ALGS.length + SIGNING_ALGS.indexOf(alg);
  return keys.toSorted((one, other) => rank(one) - rank(other));
}
