/**
 * What people prove who they are with besides a password: codes of an authenticator app (TOTP), recovery codes, and
 * passkeys. Owns enrolling, verifying and taking away; says who was recognised and keeps every proof from working twice.
 *
 * Does not own what is demanded of whom (`policies/`), what a proof leads to (`sessions/`), or the count of guesses, which
 * it asks of `accounts/`: TOTP and recovery codes share one, so that the second is no second chance at the first.
 */
import type { Guesses } from '#src/accounts/index.ts';
import type { Digests, Seals } from '#src/crypto/index.ts';
import type { Database } from '#src/db/index.ts';
import { type Enrolled, enrolledOf } from './enrolled.ts';
import * as queries from './queries.ts';
import { createRecoveryCodes, type RecoveryCodes } from './recovery-codes.ts';
import { createTotp, type Totp } from './totp.ts';
import { createWebauthn, type Webauthn } from './webauthn.ts';

export { type Enrolled, isLastFactor } from './enrolled.ts';
export type { Passkey } from './passkey.ts';
export type { RecoveryCodes } from './recovery-codes.ts';
export type { Unless } from './removal.ts';
export type { Totp, TotpEnrolment } from './totp.ts';
export type { FactorVerdict } from './verdict.ts';
export type { Webauthn } from './webauthn.ts';

export interface FactorsDeps {
  readonly db: Database;
  readonly digests: Digests;
  readonly seals: Seals;
  readonly guesses: Guesses;
  /** Its host name is the relying party's id of every passkey: under another one they are lost (WebAuthn §5.1.2). */
  readonly issuer: string;
  /** Milliseconds since 1970. */
  readonly now?: () => number;
}

export interface Factors {
  of(accountId: string): Promise<Enrolled>;
  readonly totp: Totp;
  readonly recoveryCodes: RecoveryCodes;
  readonly webauthn: Webauthn;
  /** An administrator's reset: everything at once. */
  removeAll(accountId: string): Promise<void>;
}

export function createFactors(deps: FactorsDeps): Factors {
  const { db } = deps;
  return {
    totp: createTotp(deps),
    recoveryCodes: createRecoveryCodes(deps),
    webauthn: createWebauthn(deps),

    of: (accountId) => enrolledOf(db, accountId),
    removeAll: (accountId) => queries.removeAll(db, accountId),
  };
}
