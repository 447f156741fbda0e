import { type Fault, Invalid } from '#src/oauth/problems.ts';
import type { OwnProfile, Profile } from './account.ts';
import type { AccountValues } from './queries.ts';
import { parseUsername } from './username.ts';

/** Claims that this server makes itself: a user must not bring another subject, audience or way of having signed in. */
const RESERVED_CLAIMS = new Set(
  'sub iss aud exp iat nbf nonce acr amr auth_time azp at_hash c_hash s_hash sid jti client_id scope cnf act'.split(
    ' ',
  ),
);
/** These have members of their own; two places for one fact would disagree. */
const OWN_CLAIMS = new Map([
  ['preferred_username', 'username'],
  ['email', 'email'],
  ['name', 'name'],
]);

const LONGEST_NAME = 200;
/** RFC 5321 §4.5.3.1.3, without the angle brackets. */
const LONGEST_EMAIL = 254;
/** Whether there is such a mailbox only a mail can tell; this keeps out what is no address at all. */
const EMAIL = /^[^\s@<>(),;:"\\[\]\p{C}]+@[^\s@<>(),;:"\\[\]\p{C}]+\.[^\s@<>(),;:"\\[\]\p{C}]+$/u;

/**
 * @param present the name that the user has: a rule that came later does not take it away
 * @throws {Invalid}
 */
export function toValues(
  { username, email, name, claims }: Profile,
  present?: Pick<Profile, 'username'>,
): AccountValues {
  const parsed = parseUsername(username);
  const faults: Fault[] = Object.keys(claims).flatMap(checkClaim);
  if (!parsed) faults.push({ path: 'username', message: 'must be 1 to 128 visible characters' });
  else if (parsed.mixesAlphabets && parsed.shown !== present?.username) {
    faults.push({ path: 'username', message: 'must not mix letters of alphabets that look alike' });
  }
  if (!parsed || faults.length > 0) throw new Invalid(faults);
  return { username: parsed.shown, username_key: parsed.key, email: email ?? null, name: name ?? null, claims };
}

/** What users may say of themselves. @throws {Invalid} */
export function checkOwnProfile({ name, email }: OwnProfile): void {
  const faults: Fault[] = [];
  if (typeof name === 'string' && (name.trim() === '' || name.length > LONGEST_NAME || /\p{Cc}/u.test(name))) {
    faults.push({ path: 'name', message: `must be 1 to ${LONGEST_NAME} characters, none of them a control character` });
  }
  if (typeof email === 'string' && (email.length > LONGEST_EMAIL || !EMAIL.test(email))) {
    faults.push({ path: 'email', message: 'must be an e-mail address' });
  }
  if (faults.length > 0) throw new Invalid(faults);
}

function checkClaim(claim: string): Fault[] {
  const path = `claims.${claim}`;
  if (RESERVED_CLAIMS.has(claim)) return [{ path, message: 'is set by this server' }];
  const member = OWN_CLAIMS.get(claim);
  return member ? [{ path, message: `belongs in the member ${member}` }] : [];
}
