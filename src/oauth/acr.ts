/**
 * How a person proved who they are, in the words of tokens: `amr` (RFC 8176) says by what, `acr` how far it can be relied
 * on. `phr` is OpenID's own value for a proof that cannot be phished (EAP ACR Values 1.0 §2).
 */
export type Proof = 'password' | 'webauthn' | 'totp' | 'recovery_code';

/** From the weakest to the strongest. */
export const ACR_VALUES = ['urn:mintmark:acr:1fa', 'urn:mintmark:acr:2fa', 'phr'] as const;

export type Acr = (typeof ACR_VALUES)[number];

/**
 * RFC 8176 §2, which has no word for a recovery code: `rc` is ours (§3 allows it). It is no `otp`, since a recovery code
 * makes up for a lost passkey too, and a session must still know that it did.
 */
const METHODS = { password: 'pwd', totp: 'otp', recovery_code: 'rc', webauthn: 'pop' } as const satisfies Record<
  Proof,
  string
>;
const MULTIPLE = 'mfa';

/** A passkey is two factors by itself: the device, and the finger or PIN that it asks for. */
function isMultiple(proofs: ReadonlySet<Proof>): boolean {
  return proofs.has('webauthn') || (proofs.has('password') && (proofs.has('totp') || proofs.has('recovery_code')));
}

export function amrOf(proofs: Iterable<Proof>): string[] {
  const given = new Set(proofs);
  const methods = new Set<string>([...given].map((proof) => METHODS[proof]));
  return [...methods, ...(isMultiple(given) ? [MULTIPLE] : [])];
}

export function acrOf(proofs: Iterable<Proof>): Acr {
  const given = new Set(proofs);
  if (given.has('webauthn')) return 'phr';
  return isMultiple(given) ? 'urn:mintmark:acr:2fa' : 'urn:mintmark:acr:1fa';
}

/** What a session that says this of itself has proved. */
export function proofsOf(amr: readonly string[]): Proof[] {
  const proofs: Proof[] = ['password', 'totp', 'recovery_code', 'webauthn'];
  return proofs.filter((proof) => amr.includes(METHODS[proof]));
}

/** 0 for what is no value of ours: it asks for nothing that could be missed. */
export function rankOf(acr: string | undefined): number {
  return ACR_VALUES.indexOf(acr as Acr) + 1;
}

/** Of the values a request would be content with, the one that takes the least; undefined when it named none of ours. */
export function leastOf(acrValues: string | undefined): Acr | undefined {
  const named = new Set(acrValues?.split(' '));
  return ACR_VALUES.find((value) => named.has(value));
}
