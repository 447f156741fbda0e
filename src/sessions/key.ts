import type { Digests } from '#src/crypto/index.ts';

/** What the owner of a sign-in holds, and nobody else: an interaction's uid, a session token to be, a token of the password grant. */
export interface Key {
  readonly of: 'interaction' | 'session_token' | 'mfa_token';
  readonly value: string;
}

/** Seconds a sign-in may stay unfinished. */
export const SIGN_IN_TTL: Record<Key['of'], number> = {
  // As long as the interaction it belongs to.
  interaction: 30 * 60,
  session_token: 10 * 60,
  // contract.md, "Token endpoint extras"
  mfa_token: 5 * 60,
};

const purpose = (key: Key) => `sign-in by ${key.of}`;

export function createIds(digests: Digests) {
  return {
    /** What is written. */
    idOf: (key: Key) => digests.of(purpose(key), key.value),
    /** What is looked for: sign-ins outlive a change of the secret keys. */
    idsOf: (key: Key) => digests.allOf(purpose(key), key.value),
    sessionId: (token: string) => digests.of('api session', token),
    sessionIds: (token: string) => digests.allOf('api session', token),
  };
}

export type Ids = ReturnType<typeof createIds>;
