/** OpenID Connect's own scopes (Core 1.0 §5.4, §11). No API may define a scope of one of these names. */
export const OIDC_SCOPES: readonly string[] = ['openid', 'profile', 'email', 'address', 'phone', 'offline_access'];

/** The claims each of them stands for (Core 1.0 §5.4). */
export const CLAIMS_OF_SCOPE: Readonly<Record<string, string[]>> = {
  // How and when the person signed in belongs to every ID token, asked for or not: apps decide step-up by it.
  openid: ['sub', 'acr', 'amr', 'auth_time'],
  profile: [
    'name',
    'family_name',
    'given_name',
    'middle_name',
    'nickname',
    'preferred_username',
    'profile',
    'picture',
    'website',
    'gender',
    'birthdate',
    'zoneinfo',
    'locale',
    'updated_at',
  ],
  email: ['email', 'email_verified'],
  address: ['address'],
  phone: ['phone_number', 'phone_number_verified'],
};
