import type { Account } from '#src/accounts/index.ts';
import type { Enrolled } from '#src/factors/index.ts';
import type { AuthPolicy } from '#src/policies/index.ts';

/** One of a person's passkeys, or all they have of the others. */
export type Removable = 'password' | 'totp' | 'passkey' | 'recovery_codes';

/**
 * Why somebody may not take this away from themselves: they would be locked out, or lose what is demanded of them. An
 * administrator may: undefined is not asked there.
 *
 * @returns a sentence for them to read; undefined: they may
 */
export function mayRemove(
  policy: AuthPolicy,
  account: Pick<Account, 'hasPassword'>,
  enrolled: Enrolled,
  what: Removable,
): string | undefined {
  const { primary, secondary } = policy;
  const password = account.hasPassword && what !== 'password';
  const totp = enrolled.totp !== undefined && what !== 'totp';
  const passkey = enrolled.passkeys.length > (what === 'passkey' ? 1 : 0);

  const canSignIn = (password && primary.updb.allowed) || (passkey && primary.webauthn.allowed);
  if ((what === 'password' || what === 'passkey') && !canSignIn) return 'this is the last way to sign in that is left';
  if (what === 'totp' && secondary.requireTotp) return 'codes of an authenticator app are demanded of this account';
  if (what === 'passkey' && secondary.requireWebauthn && !passkey) return 'a passkey is demanded of this account';
  const isSecond = what === 'totp' || what === 'passkey';
  if (isSecond && secondary.requireAny && !totp && !passkey) return 'a second factor is demanded of this account';
  return undefined;
}
