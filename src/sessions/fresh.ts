import type { Enrolled } from '#src/factors/index.ts';
import { type Acr, acrOf, amrOf, type Proof, proofsOf, rankOf } from '#src/oauth/acr.ts';
import type { SessionList } from '#src/tokens/index.ts';

/** How old a proof may be that a sensitive change rests on, and for what an unlocked computer must not be enough. */
export const FRESH_SECONDS = 300;

export interface Proved {
  /** Seconds since the epoch. */
  readonly authTime: number;
  readonly acr: string | undefined;
}

/** In whole seconds, as the protocol engine counts max_age: counted otherwise, a browser would be sent to and fro. */
function isFresh({ authTime }: Pick<Proved, 'authTime'>): boolean {
  return Math.floor(Date.now() / 1000) - authTime <= FRESH_SECONDS;
}

/**
 * What a sign-in lacks for changing how somebody signs in. Who has a second factor proves it, whether their policy demands
 * that or not: otherwise a stolen password would do to put the thief's factor in place of the owner's.
 */
export function lackingForChanges(
  proved: Proved,
  { totp, passkeys }: Enrolled,
): { maxAge: number; acr: Acr | undefined } | undefined {
  const acr = totp || passkeys.length > 0 ? 'urn:mintmark:acr:2fa' : undefined;
  return isFresh(proved) && rankOf(proved.acr) >= rankOf(acr) ? undefined : { maxAge: FRESH_SECONDS, acr };
}

/** Setting a factor up proves it: the session it is done in says so from then on, and is not asked for it at once. */
export function proveIn(
  sessionList: Pick<SessionList, 'raise'>,
  { uid, amr }: { readonly uid: string; readonly amr: readonly string[] },
  proof: Proof,
): Promise<void> {
  const proofs = new Set([...proofsOf(amr), proof]);
  return sessionList.raise(uid, { acr: acrOf(proofs), amr: amrOf(proofs) });
}
