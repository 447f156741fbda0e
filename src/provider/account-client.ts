/**
 * The account pages sign people in as any application of this server would, by an authorization request: so every rule
 * about signing in bites there too. They want to know who is there and nothing else, hence `response_type=none` (OAuth 2.0
 * Multiple Response Type Encoding Practices §4): no code and no token is made.
 */
import type { ClientMetadata } from 'oidc-provider';
import { ACCOUNT_CLIENT } from '#src/oauth/account-client.ts';

/** Where the engine comes back to; `state` says where from there. */
const LANDING = '/account/signed-in';

export function accountClient(issuer: string): ClientMetadata {
  return {
    client_id: ACCOUNT_CLIENT,
    client_name: 'Your account',
    redirect_uris: [`${issuer}${LANDING}`],
    response_types: ['none'],
    grant_types: [],
    token_endpoint_auth_method: 'none',
    scope: 'openid',
    first_party: true,
    granted_scopes: ['openid'],
  };
}

export interface SignInRequest {
  /** The path to come back to, below /account. */
  readonly returnTo: string;
  /** Seconds: who proved themselves longer ago does so again. */
  readonly maxAge?: number | undefined;
  readonly acr?: string | undefined;
}

export function signInUrl(issuer: string, { returnTo, maxAge, acr }: SignInRequest): string {
  const url = new URL('/oauth/authorize', issuer);
  url.search = new URLSearchParams({
    client_id: ACCOUNT_CLIENT,
    redirect_uri: `${issuer}${LANDING}`,
    response_type: 'none',
    scope: 'openid',
    state: returnTo,
    ...(maxAge !== undefined && { max_age: String(maxAge) }),
    ...(acr !== undefined && { acr_values: acr }),
  }).toString();
  return url.href;
}
