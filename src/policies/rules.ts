import { LONGEST_PAT } from '#src/oauth/lifetimes.ts';
import type { Fault } from '#src/oauth/problems.ts';
import type { AuthPolicy, PolicySettings } from './policy.ts';

interface Range {
  readonly min: number;
  readonly max: number;
}

const DAY_SECONDS = 86_400;
const YEAR_SECONDS = 31_536_000;

/** What the numbers of a policy may be. */
export const LIMITS = {
  // Fewer than 8 characters are refused whatever an administrator wants (NIST SP 800-63B-4 §3.1.1.2).
  minPasswordLength: { min: 8, max: 128 },
  maxAttempts: { min: 0, max: 1000 },
  lockoutDuration: { min: 0, max: YEAR_SECONDS },
  // Below a minute a session would be over before its owner has read the page.
  idleTimeout: { min: 60, max: YEAR_SECONDS },
  lifetime: { min: 60, max: YEAR_SECONDS },
  patMaxDays: { min: 1, max: LONGEST_PAT / DAY_SECONDS },
} as const satisfies Record<string, Range>;

const NO_SIGNERS = 'no external JWT signers are registered';

export function checkRules({ primary, secondary, session, pats }: PolicySettings): Fault[] {
  return [
    ...checkPrimary(primary),
    ...(secondary.requireExtJwtSigner === null
      ? []
      : [{ path: 'secondary.require_ext_jwt_signer', message: `must be null: ${NO_SIGNERS}` }]),
    ...checkRange('session.idle_timeout', session.idleTimeout, LIMITS.idleTimeout),
    ...checkRange('session.lifetime', session.lifetime, LIMITS.lifetime),
    ...(session.idleTimeout > session.lifetime
      ? [{ path: 'session.idle_timeout', message: 'must not be longer than session.lifetime' }]
      : []),
    ...(pats.maxDays === null ? [] : checkRange('pats.max_days', pats.maxDays, LIMITS.patMaxDays)),
  ];
}

function checkPrimary({ updb, webauthn, extJwt }: AuthPolicy['primary']): Fault[] {
  const faults = [
    ...checkRange('primary.updb.min_password_length', updb.minPasswordLength, LIMITS.minPasswordLength),
    ...checkRange('primary.updb.max_attempts', updb.maxAttempts, LIMITS.maxAttempts),
    ...checkRange('primary.updb.lockout_duration', updb.lockoutDuration, LIMITS.lockoutDuration),
  ];
  // Certificates and external JWTs can be switched on but not yet be shown: they would leave nobody a way in.
  if (!updb.allowed && !webauthn.allowed) {
    faults.push({ path: 'primary', message: 'must allow updb or webauthn' });
  }
  if (extJwt.allowedSigners && extJwt.allowedSigners.length > 0) {
    faults.push({ path: 'primary.ext_jwt.allowed_signers', message: `must be null or empty: ${NO_SIGNERS}` });
  }
  return faults;
}

function checkRange(path: string, value: number, { min, max }: Range): Fault[] {
  return value >= min && value <= max ? [] : [{ path, message: `must be ${min} to ${max}` }];
}
