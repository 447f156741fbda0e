import { type Fault, Invalid } from '#src/oauth/problems.ts';
import type { PasswordPolicy } from '#src/policies/index.ts';
import type { Profile } from './account.ts';
import { isCommonPassword } from './common-passwords.ts';
import { isText, LONGEST_BYTES, normalisePassword } from './password.ts';

/** Whose password it is to be: their own name is the first thing anybody tries. */
export type Owner = Pick<Profile, 'username' | 'email'>;

/** @returns its normal form @throws {Invalid} with a fault for every rule that it breaks */
export async function checkPassword(password: string, owner: Owner, policy: PasswordPolicy): Promise<string> {
  const text = normalisePassword(password);
  if (text === undefined) throw new Invalid([fault(unusable(password))]);
  const broken = await brokenRules(text, owner, policy);
  if (broken.length > 0) throw new Invalid(broken.map(fault));
  return text;
}

/** @param text in its normal form */
export async function brokenRules(text: string, owner: Owner, policy: PasswordPolicy): Promise<string[]> {
  const isName = namesOf(owner).has(fold(text));
  return [
    ...brokenShape(text, policy),
    ...(isName ? ['must not be the user name or the e-mail address'] : []),
    // One message is enough for who took their name and everybody's password in one.
    ...(!isName && (await isCommonPassword(text)) ? ['is among the most common passwords'] : []),
  ];
}

const SPECIAL = /[^\p{L}\p{M}\p{N}\s]/u;

/** Letters, digits and signs of every script: what is a capital letter in Greek is one here. */
function brokenShape(text: string, policy: PasswordPolicy): string[] {
  const isShort = [...text].length < policy.minPasswordLength;
  const isOneCase = !/\p{Lu}/u.test(text) || !/\p{Ll}/u.test(text);
  return [
    ...(isShort ? [`must have at least ${policy.minPasswordLength} characters`] : []),
    ...(policy.requireMixedCase && isOneCase ? ['must have capital and small letters'] : []),
    ...(policy.requireNumberChar && !/\p{N}/u.test(text) ? ['must have a digit'] : []),
    ...(policy.requireSpecialChar && !SPECIAL.test(text)
      ? ['must have a character that is neither letter, digit nor blank']
      : []),
  ];
}

function unusable(password: string): string {
  return isText(password) ? `must have at most ${LONGEST_BYTES} bytes` : 'must be Unicode text without NUL';
}

const fold = (text: string) => text.normalize('NFKC').toLowerCase();

function namesOf({ username, email }: Owner): Set<string> {
  const [local = ''] = email?.split('@') ?? [];
  return new Set([username, email ?? '', local].filter((name) => name !== '').map(fold));
}

const fault = (message: string): Fault => ({ path: 'password', message });
