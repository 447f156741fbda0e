import { randomBytes } from 'node:crypto';
import type { AdminApi } from '../support/clients.ts';

/** What a policy says of which nothing was said. */
export const AT_FIRST = {
  tags: {},
  primary: {
    updb: {
      allowed: true,
      min_password_length: 8,
      require_special_char: false,
      require_number_char: false,
      require_mixed_case: false,
      max_attempts: 10,
      lockout_duration: 900,
    },
    webauthn: { allowed: true },
    cert: { allowed: false, allow_expired_certs: false },
    ext_jwt: { allowed: false, allowed_signers: null },
  },
  secondary: {
    require_any: false,
    require_totp: false,
    require_webauthn: false,
    require_ext_jwt_signer: null,
    allow_enrollment: true,
  },
  session: { idle_timeout: 1_209_600, lifetime: 2_592_000 },
  pats: { allowed: true, max_days: null },
};

export interface MadePolicy {
  readonly id: string;
  readonly primary: object;
  readonly secondary: object;
}

export async function makePolicy(api: AdminApi, overrides: object = {}): Promise<MadePolicy> {
  const name = `Policy ${randomBytes(6).toString('hex')}`;
  const { status, body } = await api.post('/auth-policies', { name, ...overrides });
  if (status !== 201) throw new Error(`POST /auth-policies: ${status} ${JSON.stringify(body)}`);
  return body;
}
