/** The engine's configuration: a table of contents. Each slice is a file of its own; no function bodies here. */
import type { Configuration, JWKS } from 'oidc-provider';
import { ACR_VALUES } from '#src/oauth/acr.ts';
import { CLAIMS_OF_SCOPE } from '#src/oauth/scopes.ts';
import { extraTokenClaims, findAccount } from './account.ts';
import { accountClient } from './account-client.ts';
import { adapterFor } from './adapter.ts';
import { checkClientAssertion } from './client-assertions.ts';
import { clientDefaults, enabledJWA, extraClientMetadata } from './client-metadata.ts';
import { loadExistingGrant } from './consent.ts';
import { cookies } from './cookies.ts';
import type { ProviderDeps } from './deps.ts';
import { renderError } from './error-page.ts';
import { features } from './features.ts';
import { formats } from './formats.ts';
import { lifetimes } from './lifetimes.ts';
import { fetchFromClients } from './outgoing.ts';
import { pkce } from './pkce.ts';
import { policy } from './policy.ts';
import { expiresWithSession, issueRefreshToken, revokeGrantPolicy, rotateRefreshToken } from './refresh.ts';
import { routes } from './routes.ts';
import { scopes } from './scopes.ts';

export function configuration(deps: ProviderDeps, jwks: JWKS): Configuration {
  return {
    // What we store, and the secrets we hold
    adapter: adapterFor(deps),
    jwks,
    cookies: cookies(deps),

    // Where things are
    routes,

    // What a client may be, and may ask for
    clients: [accountClient(deps.issuer)],
    clientDefaults,
    clientAuthMethods: ['client_secret_basic', 'client_secret_post', 'private_key_jwt', 'none'],
    assertJwtClientAuthClaimsAndHeader: checkClientAssertion,
    enabledJWA,
    extraClientMetadata,
    fetch: fetchFromClients,
    responseTypes: ['code', 'none'],
    pkce,
    scopes,
    claims: CLAIMS_OF_SCOPE,
    acrValues: [...ACR_VALUES],
    // Apps that read claims from the ID token alone are the majority: scopes put their claims there too.
    conformIdTokenClaims: false,

    // Who the user is, and when we stop to ask
    findAccount: findAccount(deps),
    interactions: { policy: policy(deps), url: (_ctx, interaction) => `/login/${interaction.uid}` },
    loadExistingGrant: loadExistingGrant(deps.tokens),

    // What we hand out, for how long, and when it ends
    ttl: lifetimes,
    extraTokenClaims,
    formats: formats(deps),
    issueRefreshToken,
    rotateRefreshToken,
    expiresWithSession,
    revokeGrantPolicy,

    features: features(deps),
    renderError: renderError(deps.pages),
  };
}
