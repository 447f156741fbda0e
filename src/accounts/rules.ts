import { type Fault, Invalid } from '#src/oauth/problems.ts';
import type { Profile } from './account.ts';
import { isUsableHash, normalisePassword } from './password.ts';
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

/** @throws {Invalid} */
export function toValues({ username, email, name, claims }: Profile): AccountValues {
  const parsed = parseUsername(username);
  const faults: Fault[] = Object.keys(claims).flatMap((claim) => checkClaim(claim));
  if (!parsed) faults.push({ path: 'username', message: 'must be 1 to 128 visible characters' });
  if (!parsed || faults.length > 0) throw new Invalid(faults);
  return { username: parsed.shown, username_key: parsed.key, email: email ?? null, name: name ?? null, claims };
}

function checkClaim(claim: string): Fault[] {
  const path = `claims.${claim}`;
  if (RESERVED_CLAIMS.has(claim)) return [{ path, message: 'is set by this server' }];
  const member = OWN_CLAIMS.get(claim);
  return member ? [{ path, message: `belongs in the member ${member}` }] : [];
}

/** How a user proves who they are: a password in clear, or its hash brought from elsewhere. Null takes it away. */
export type NewPassword = { readonly password: string } | { readonly passwordHash: string } | null;

/**
 * @returns what is to be stored
 * @throws {Invalid}
 */
export async function hashNew(given: NewPassword, hash: (password: string) => Promise<string>): Promise<string | null> {
  if (!given) return null;
  if ('passwordHash' in given) {
    if (isUsableHash(given.passwordHash)) return given.passwordHash;
    throw new Invalid([
      { path: 'password_hash', message: 'must be an $argon2id$v=19$… string of at most 256 MiB and 16 passes' },
    ]);
  }
  const password = normalisePassword(given.password);
  if (password === undefined) throw new Invalid([{ path: 'password', message: 'must be 8 to 1024 bytes' }]);
  return hash(password);
}
