import { z } from 'zod';
import { type AuthPolicy, LIMITS, type PolicySettings } from '#src/policies/index.ts';
import { freeObject, patchOf, timestamp } from '../members.ts';
import { pageOf } from '../pages.ts';

/** Members that may each be left out when a policy is made. */
function filled<Shape extends z.ZodRawShape>(shape: Shape, defaults: { [Name in keyof Shape]: z.output<Shape[Name]> }) {
  const members = Object.entries(shape).map(([name, member]) => [name, (member as z.ZodType).default(defaults[name])]);
  return z.strictObject(Object.fromEntries(members) as { [Name in keyof Shape]: z.ZodDefault<Shape[Name]> });
}

const flag = (description: string) => z.boolean().meta({ description });
/** Its limits are said here and enforced by the policies themselves. */
const within = ({ min: minimum, max: maximum }: { min: number; max: number }, description: string) =>
  z.int().meta({ minimum, maximum, description });
const signer = z.string().min(1).max(128);

const updb = {
  allowed: flag('A username and password may be the first proof'),
  min_password_length: within(LIMITS.minPasswordLength, 'In characters'),
  require_special_char: flag('Neither a letter, a digit nor a blank'),
  require_number_char: flag('A digit'),
  require_mixed_case: flag('An upper and a lower case letter'),
  max_attempts: within(LIMITS.maxAttempts, 'Wrong guesses before strangers are kept out; 0: no limit'),
  lockout_duration: within(LIMITS.lockoutDuration, 'Seconds; 0: until an administrator enables the user'),
};
const webauthn = { allowed: flag('A passkey may be the first proof') };
const cert = { allowed: flag('No effect yet'), allow_expired_certs: flag('No effect yet') };
const extJwt = {
  allowed: flag('No effect yet'),
  allowed_signers: z.array(signer).max(100).nullable().meta({ description: 'null: any; there are none yet' }),
};
const secondary = {
  require_any: flag('A second factor, whichever'),
  require_totp: flag('A code of an authenticator application'),
  require_webauthn: flag('A passkey'),
  require_ext_jwt_signer: signer.nullable().meta({ description: 'null: none; there are none yet' }),
  allow_enrollment: flag('Who lacks what is demanded may enrol it while signing in'),
};
const session = {
  idle_timeout: within(LIMITS.idleTimeout, 'Seconds without use; not longer than lifetime'),
  lifetime: within(LIMITS.lifetime, 'Seconds from the sign-in, however much it is used'),
};
const pats = {
  allowed: flag('Personal access tokens may be made and used; false ends those there are for as long as it is'),
  max_days: within(LIMITS.patMaxDays, 'Days one may live; null: as MINTMARK_PAT_MAX_DAYS says').nullable(),
};

const name = z
  .string()
  .min(1)
  .max(200)
  .regex(/^[^\p{Cc}]*$/u, 'must not contain control characters');

/** What the policy `default` says until somebody changes it. */
const primaryAtFirst = {
  updb: filled(updb, {
    allowed: true,
    min_password_length: 8,
    require_special_char: false,
    require_number_char: false,
    require_mixed_case: false,
    max_attempts: 10,
    lockout_duration: 900,
  }).prefault({}),
  webauthn: filled(webauthn, { allowed: true }).prefault({}),
  cert: filled(cert, { allowed: false, allow_expired_certs: false }).prefault({}),
  ext_jwt: filled(extJwt, { allowed: false, allowed_signers: null }).prefault({}),
};
const secondaryAtFirst = filled(secondary, {
  require_any: false,
  require_totp: false,
  require_webauthn: false,
  require_ext_jwt_signer: null,
  allow_enrollment: true,
});
const sessionAtFirst = filled(session, { idle_timeout: 1_209_600, lifetime: 2_592_000 });

const patsAtFirst = filled(pats, { allowed: true, max_days: null });

const settings = {
  name,
  tags: freeObject.default({}).meta({ description: 'Yours; nothing here reads them' }),
  primary: z.strictObject(primaryAtFirst).prefault({}),
  secondary: secondaryAtFirst.prefault({}),
  session: sessionAtFirst.prefault({}),
  pats: patsAtFirst.prefault({}),
};

export const newPolicy = z.strictObject(settings).meta({ id: 'NewAuthPolicy' });
export const policyPatch = patchOf(settings).meta({ id: 'AuthPolicyPatch' });
export const policy = z
  .object({
    id: z.string(),
    name: z.string(),
    tags: z.record(z.string(), z.unknown()),
    primary: z.object({
      updb: z.object(updb),
      webauthn: z.object(webauthn),
      cert: z.object(cert),
      ext_jwt: z.object(extJwt),
    }),
    secondary: z.object(secondary),
    session: z.object(session),
    pats: z.object(pats),
    created_at: timestamp,
    updated_at: timestamp,
  })
  .meta({ id: 'AuthPolicy' });
export const policyPage = pageOf('AuthPolicyPage', policy);

export function toSettings(document: z.output<typeof newPolicy>): PolicySettings {
  const { name, tags, primary, secondary, session, pats } = document;
  return {
    name,
    tags,
    primary: {
      updb: {
        allowed: primary.updb.allowed,
        minPasswordLength: primary.updb.min_password_length,
        requireSpecialChar: primary.updb.require_special_char,
        requireNumberChar: primary.updb.require_number_char,
        requireMixedCase: primary.updb.require_mixed_case,
        maxAttempts: primary.updb.max_attempts,
        lockoutDuration: primary.updb.lockout_duration,
      },
      webauthn: { allowed: primary.webauthn.allowed },
      cert: { allowed: primary.cert.allowed, allowExpiredCerts: primary.cert.allow_expired_certs },
      extJwt: { allowed: primary.ext_jwt.allowed, allowedSigners: primary.ext_jwt.allowed_signers },
    },
    secondary: {
      requireAny: secondary.require_any,
      requireTotp: secondary.require_totp,
      requireWebauthn: secondary.require_webauthn,
      requireExtJwtSigner: secondary.require_ext_jwt_signer,
      allowEnrollment: secondary.allow_enrollment,
    },
    session: { idleTimeout: session.idle_timeout, lifetime: session.lifetime },
    pats: { allowed: pats.allowed, maxDays: pats.max_days },
  };
}

/** The document that a merge patch is applied to. */
export function toEditable({ name, tags, primary, secondary, session, pats }: AuthPolicy): z.output<typeof newPolicy> {
  const { allowedSigners } = primary.extJwt;
  return {
    name,
    tags: { ...tags },
    primary: {
      updb: {
        allowed: primary.updb.allowed,
        min_password_length: primary.updb.minPasswordLength,
        require_special_char: primary.updb.requireSpecialChar,
        require_number_char: primary.updb.requireNumberChar,
        require_mixed_case: primary.updb.requireMixedCase,
        max_attempts: primary.updb.maxAttempts,
        lockout_duration: primary.updb.lockoutDuration,
      },
      webauthn: { allowed: primary.webauthn.allowed },
      cert: { allowed: primary.cert.allowed, allow_expired_certs: primary.cert.allowExpiredCerts },
      ext_jwt: { allowed: primary.extJwt.allowed, allowed_signers: allowedSigners && [...allowedSigners] },
    },
    secondary: {
      require_any: secondary.requireAny,
      require_totp: secondary.requireTotp,
      require_webauthn: secondary.requireWebauthn,
      require_ext_jwt_signer: secondary.requireExtJwtSigner,
      allow_enrollment: secondary.allowEnrollment,
    },
    session: { idle_timeout: session.idleTimeout, lifetime: session.lifetime },
    pats: { allowed: pats.allowed, max_days: pats.maxDays },
  };
}

export function toWire(present: AuthPolicy): z.output<typeof policy> {
  return {
    id: present.id,
    ...toEditable(present),
    created_at: present.createdAt.toISOString(),
    updated_at: present.updatedAt.toISOString(),
  };
}
