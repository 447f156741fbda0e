import type { Account, Accounts } from '#src/accounts/index.ts';
import type { Enrolled, Factors } from '#src/factors/index.ts';
import type { AuthPolicy } from '#src/policies/index.ts';

/** One of a person's passkeys, or all they have of the others. */
export type Removable = 'password' | 'totp' | 'passkey' | 'recovery_codes';

const LAST_WAY_IN = 'this is the last way to sign in that is left';

function canSignIn({ primary }: AuthPolicy, left: { password: boolean; passkey: boolean }): boolean {
  return (left.password && primary.updb.allowed) || (left.passkey && primary.webauthn.allowed);
}

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
  const { secondary } = policy;
  const password = account.hasPassword && what !== 'password';
  const totp = enrolled.totp !== undefined && what !== 'totp';
  const passkey = enrolled.passkeys.length > (what === 'passkey' ? 1 : 0);

  const isWayIn = what === 'password' || what === 'passkey';
  if (isWayIn && !canSignIn(policy, { password, passkey })) return LAST_WAY_IN;
  if (what === 'totp' && secondary.requireTotp) return 'codes of an authenticator app are demanded of this account';
  if (what === 'passkey' && secondary.requireWebauthn && !passkey) return 'a passkey is demanded of this account';
  const isSecond = what === 'totp' || what === 'passkey';
  if (isSecond && secondary.requireAny && !totp && !passkey) return 'a second factor is demanded of this account';
  return undefined;
}

interface RemovalDeps {
  readonly accounts: Pick<Accounts, 'removePassword'>;
  readonly factors: Pick<Factors, 'totp' | 'webauthn' | 'recoveryCodes'>;
}

/**
 * Takes it away.
 *
 * @param what `id`: which of the passkeys
 * @param policy of an owner who does so; asked again when nothing beside can change what they have. Nobody asks an
 *   administrator
 * @returns whether there was one
 * @throws {Conflict} when they may not
 */
export function removeProof(
  { accounts, factors }: RemovalDeps,
  accountId: string,
  { type, id }: { readonly type: Removable; readonly id: string },
  policy?: AuthPolicy,
): Promise<boolean> {
  const unless =
    policy && ((owner: Pick<Account, 'hasPassword'>, enrolled: Enrolled) => mayRemove(policy, owner, enrolled, type));
  switch (type) {
    case 'totp':
      return factors.totp.remove(accountId, unless);
    case 'passkey':
      return factors.webauthn.remove(accountId, id, unless);
    case 'recovery_codes':
      return factors.recoveryCodes.remove(accountId);
    case 'password':
      return accounts.removePassword(
        accountId,
        policy &&
          (({ passkeys }) => (canSignIn(policy, { password: false, passkey: passkeys > 0 }) ? undefined : LAST_WAY_IN)),
      );
  }
}
