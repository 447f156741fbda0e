import { isUsableHash, type PasswordHasher, USABLE_HASHES } from '#src/crypto/index.ts';
import type { Db } from '#src/db/index.ts';
import { Invalid } from '#src/oauth/problems.ts';
import type { PasswordPolicy } from '#src/policies/index.ts';
import { forgetPasswordGuesses } from './guess-queries.ts';
import { checkPassword, type Owner } from './password-rules.ts';
import * as queries from './queries.ts';
import { removeReset } from './reset-queries.ts';

/** How a user proves who they are: a password in clear, or its hash brought from elsewhere. Null takes it away. */
export type NewPassword = { readonly password: string } | { readonly passwordHash: string } | null;

/**
 * @returns what is to be stored. Of a hash nobody can tell whether the password behind it keeps the rules: that is asked
 *   when its owner signs in.
 * @throws {Invalid} @throws {PasswordQueueFull}
 */
export async function hashNew(
  passwords: Pick<PasswordHasher, 'hash'>,
  given: NewPassword,
  owner: Owner,
  policy: PasswordPolicy,
): Promise<string | null> {
  if (!given) return null;
  if ('password' in given) return passwords.hash(await checkPassword(given.password, owner, policy));
  if (isUsableHash(given.passwordHash)) return given.passwordHash;
  throw new Invalid([{ path: 'password_hash', message: `must be ${USABLE_HASHES}` }]);
}

/**
 * Writes it, and ends what the old one left: wrong guesses at it, and a link that would replace it.
 *
 * @param tx holds the account
 */
export async function storePassword(
  tx: Db,
  id: string,
  hash: string | null,
  { byOwner }: { byOwner: boolean },
): Promise<queries.AccountRow> {
  const row = await queries.setPasswordHash(tx, id, hash, byOwner);
  await forgetPasswordGuesses(tx, id);
  await removeReset(tx, id);
  return row;
}
