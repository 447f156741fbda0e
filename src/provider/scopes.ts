/** OpenID Connect's own scopes and the claims each stands for (OpenID Connect Core 1.0 §5.4). API scopes: `resources.ts`. */
import type { Configuration } from 'oidc-provider';
import { OIDC_SCOPES } from '#src/oauth/scopes.ts';

export const claims = {
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
} satisfies Configuration['claims'];

/** Splits what was asked for into OpenID Connect's scopes and the scopes of APIs. */
export function splitScopes(scope: string | undefined): { oidc: string[]; api: string[] } {
  const names = [...new Set(scope?.split(' ').filter(Boolean))];
  return {
    oidc: names.filter((name) => OIDC_SCOPES.includes(name)),
    api: names.filter((name) => !OIDC_SCOPES.includes(name)),
  };
}

export const scopes: string[] = [...OIDC_SCOPES];
