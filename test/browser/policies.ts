/** Users who are asked for more than a password. */
import { type AdminApi, type RegisteredUser, registerUser } from '../support/clients.ts';

/** @returns the id of a new policy */
export async function addPolicy(admin: AdminApi, settings: object): Promise<string> {
  const { status, body } = await admin.post('/auth-policies', { name: 'Of this test', ...settings });
  if (status !== 201) throw new Error(`no policy: ${status} ${JSON.stringify(body)}`);
  return body.id;
}

/** A user of whom a policy of their own demands this. */
export async function userUnder(admin: AdminApi, settings: object, overrides: object = {}): Promise<RegisteredUser> {
  return registerUser(admin, { policy_id: await addPolicy(admin, settings), ...overrides });
}

export const TOTP = { secondary: { require_totp: true } };
export const PASSKEY = { secondary: { require_webauthn: true } };
export const ANY = { secondary: { require_any: true } };
export const NO_ENROLMENT = { secondary: { require_any: true, allow_enrollment: false } };
