import type { Enrolled } from '#src/factors/index.ts';
import { type Proof, rankOf } from '#src/oauth/acr.ts';
import type { AuthPolicy } from '#src/policies/index.ts';

/** What can still be asked of somebody who signs in. */
export type QueryType = 'totp' | 'webauthn' | 'recovery_code' | 'enroll_totp' | 'enroll_webauthn' | 'new_password';

export interface Standing {
  readonly policy: AuthPolicy;
  readonly enrolled: Enrolled;
  readonly proofs: Iterable<Proof>;
  readonly wantsNewPassword: boolean;
  /** The level that the request demands on top of the policy. */
  readonly acr: string | undefined;
}

export interface Open {
  /** Any one of them is the next answer; none: nothing is asked any more. */
  readonly queries: readonly QueryType[];
  /** What is demanded can neither be answered nor enrolled. */
  readonly stuck: boolean;
}

/** Met by any of these proofs. Who has none of them enrols one of the others, where the demand is not of their own making. */
interface Demand {
  readonly by: readonly Proof[];
  readonly enroll: readonly QueryType[];
}

const SECOND: readonly Proof[] = ['totp', 'webauthn', 'recovery_code'];
const LEVEL = { multiple: rankOf('urn:mintmark:acr:2fa'), phishingResistant: rankOf('phr') };

const done: Open = { queries: [], stuck: false };

/**
 * What is asked next. The order is the security: who has a second factor proves it before anything may be enrolled or
 * changed, so that a stolen password alone never adds a factor beside the owner's.
 */
export function openQueries(standing: Standing): Open {
  const { policy, enrolled, wantsNewPassword } = standing;
  const proofs = new Set(standing.proofs);
  const owned = ownedFactors(enrolled);
  const unmet = demands(standing).filter(({ by }) => !by.some((proof) => proofs.has(proof)));

  const answerable = unmet.map(({ by }) => by.filter((proof) => owned.has(proof))).find(({ length }) => length > 0);
  if (answerable) return { queries: answerable as QueryType[], stuck: false };

  const [lacking] = unmet;
  if (lacking) {
    const provedSecond = SECOND.some((proof) => proofs.has(proof));
    if (!provedSecond && owned.size > 0) return { queries: [...owned] as QueryType[], stuck: false };
    if (!policy.secondary.allowEnrollment) return { queries: [], stuck: true };
    return { queries: lacking.enroll, stuck: false };
  }
  return wantsNewPassword ? { queries: ['new_password'], stuck: false } : done;
}

function demands({ policy, enrolled, acr }: Standing): Demand[] {
  const { requireTotp, requireWebauthn, requireAny } = policy.secondary;
  const level = rankOf(acr);
  const hasPasskey = enrolled.passkeys.length > 0;
  const demanded: Demand[] = [];
  // A recovery code makes up for a factor that was lost, and not for one that was never there.
  if (requireTotp) demanded.push({ by: orLost('totp', !!enrolled.totp), enroll: ['enroll_totp'] });
  if (requireWebauthn) demanded.push({ by: orLost('webauthn', hasPasskey), enroll: ['enroll_webauthn'] });
  // Who has set up codes wants to be asked for them; a passkey may be there for convenience alone.
  if (requireAny || level >= LEVEL.multiple || enrolled.totp) {
    demanded.push({ by: SECOND, enroll: ['enroll_totp', 'enroll_webauthn'] });
  }
  if (level >= LEVEL.phishingResistant) demanded.push({ by: ['webauthn'], enroll: ['enroll_webauthn'] });
  return demanded;
}

const orLost = (factor: Proof, owned: boolean): Proof[] => (owned ? [factor, 'recovery_code'] : [factor]);

function ownedFactors({ totp, passkeys, recoveryCodesLeft }: Enrolled): Set<Proof> {
  const owned = new Set<Proof>();
  if (totp) owned.add('totp');
  if (passkeys.length > 0) owned.add('webauthn');
  if (owned.size > 0 && recoveryCodesLeft > 0) owned.add('recovery_code');
  return owned;
}

/** Whether somebody who proved this may be signed in at all: a policy can give up a method that a session began with. */
export function isAllowedFirst({ primary }: AuthPolicy, proofs: Iterable<Proof>): boolean {
  const given = new Set(proofs);
  return (given.has('password') && primary.updb.allowed) || (given.has('webauthn') && primary.webauthn.allowed);
}
