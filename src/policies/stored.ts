import type { AuthPolicy, PolicySettings } from './policy.ts';
import type { PolicyRow, PolicyValues } from './queries.ts';

export function toPolicy({ primary_methods: primary, secondary, ...row }: PolicyRow): AuthPolicy {
  return {
    id: row.id,
    name: row.name,
    tags: row.tags,
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
    session: { idleTimeout: row.session_idle_timeout, lifetime: row.session_lifetime },
    pats: { allowed: row.pats.allowed, maxDays: row.pats.max_days },
    createdAt: row.created_at,
    updatedAt: row.updated_at,
  };
}

export function toValues(id: string, settings: PolicySettings): PolicyValues {
  const { name, tags, primary, secondary, session, pats } = settings;
  return {
    id,
    name,
    tags,
    primary_methods: {
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
      ext_jwt: {
        allowed: primary.extJwt.allowed,
        allowed_signers: primary.extJwt.allowedSigners && [...primary.extJwt.allowedSigners],
      },
    },
    secondary: {
      require_any: secondary.requireAny,
      require_totp: secondary.requireTotp,
      require_webauthn: secondary.requireWebauthn,
      require_ext_jwt_signer: secondary.requireExtJwtSigner,
      allow_enrollment: secondary.allowEnrollment,
    },
    session_idle_timeout: session.idleTimeout,
    session_lifetime: session.lifetime,
    pats: { allowed: pats.allowed, max_days: pats.maxDays },
  };
}
