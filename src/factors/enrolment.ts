import type { Seals } from '#src/crypto/index.ts';

/** Time enough to fetch the phone and install an app. */
const ENROLMENT_MS = 15 * 60 * 1000;
const TIME_BYTES = 8;
/** They are all of one length; a shorter one would be let in by a shorter authentication tag (SP 800-38D §5.2.1.2). */
const TOKEN = /^[\w-]{80}$/;

/** The secret of an app that is being enrolled, on its way through the browser and back: nothing of it is stored. */
export interface Enrolments {
  seal(accountId: string, secret: Buffer): string;
  /** Undefined when it has expired, was made for another account, or was never made here. */
  open(accountId: string, token: string): Buffer | undefined;
}

/**
 * The account is part of what is authenticated: who begins an enrolment of their own cannot have another account confirm
 * it and so know that account's secret.
 */
export function createEnrolments(seals: Seals, now: () => number): Enrolments {
  const context = (accountId: string) => `TOTP enrolment of ${accountId}`;

  function unseal(accountId: string, token: string): Buffer | undefined {
    if (!TOKEN.test(token)) return undefined;
    try {
      return seals.open(Buffer.from(token, 'base64url'), context(accountId));
    } catch {
      // Whatever somebody made up, and what was sealed under a key given up since: begin again.
      return undefined;
    }
  }

  return {
    seal(accountId, secret) {
      const issuedAt = Buffer.alloc(TIME_BYTES);
      issuedAt.writeBigUInt64BE(BigInt(now()));
      return seals.seal(Buffer.concat([issuedAt, secret]), context(accountId)).toString('base64url');
    },

    open(accountId, token) {
      const plain = unseal(accountId, token);
      if (!plain) return undefined;
      const age = now() - Number(plain.readBigUInt64BE());
      return age < ENROLMENT_MS ? plain.subarray(TIME_BYTES) : undefined;
    },
  };
}
