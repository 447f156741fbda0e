/**
 * Every feature of the engine, on or off, and why. One that is not listed here would follow the engine's default, which
 * may change with its version: `test/provider/features.test.ts` compares this list with the engine's.
 */
import { type Configuration, errors } from 'oidc-provider';
import type { Accounts } from '#src/accounts/index.ts';
import { type Apis, mayIntrospect } from '#src/apis/index.ts';
import type { Pages } from '#src/pages/index.ts';
import { deviceFlowPages } from './device-pages.ts';
import { logoutPages } from './logout-pages.ts';
import { resourceIndicators } from './resources.ts';

interface FeatureDeps {
  readonly accounts: Accounts;
  readonly apis: Apis;
  readonly pages: Pages;
}

type Features = NonNullable<Configuration['features']>;

export function features({ accounts, apis, pages }: FeatureDeps): Features {
  return {
    // What this server is for
    clientCredentials: { enabled: true },
    introspection: { enabled: true, allowedPolicy: introspectionPolicy(apis) },
    revocation: { enabled: true, allowedPolicy: mayRevoke },
    resourceIndicators: resourceIndicators(apis) as Features['resourceIndicators'],
    userinfo: { enabled: true },
    pushedAuthorizationRequests: { enabled: true },
    dPoP: { enabled: true },
    deviceFlow: { enabled: true, ...deviceFlowPages(pages) },
    backchannelLogout: { enabled: true },
    rpInitiatedLogout: { enabled: true, ...logoutPages({ accounts, pages }) },

    // Off: each widens what an attacker can try, and nobody has asked for it yet
    devInteractions: { enabled: false }, // pages that sign in anybody
    registration: { enabled: false }, // clients are registered through the admin API
    registrationManagement: { enabled: false },
    clientIdMetadataDocument: { enabled: false },
    requestObjects: { enabled: false }, // pushed requests give integrity without a second signature format
    claimsParameter: { enabled: false },
    mTLS: { enabled: false }, // needs to know which proxy to believe about certificates
    attestClientAuth: { enabled: false },
    ciba: { enabled: false },
    richAuthorizationRequests: { enabled: false },
    fapi: { enabled: false },
    externalSigningSupport: { enabled: false },
    openid4vci: { enabled: false },
    rpMetadataChoices: { enabled: false },
    webMessageResponseMode: { enabled: false },
    // Encryption and symmetric signing would derive keys from client secrets, which are kept only as digests
    encryption: { enabled: false },
    jwtIntrospection: { enabled: false },
    jwtResponseModes: { enabled: false },
    jwtUserinfo: { enabled: false },
  };
}

type TokenPolicy = NonNullable<NonNullable<Features['introspection']>['allowedPolicy']>;

const introspectionPolicy =
  (apis: Apis): TokenPolicy =>
  (_ctx, client, token) =>
    mayIntrospect(
      apis,
      { clientId: client.clientId, isPublic: client.clientAuthMethod === 'none' },
      { clientId: token.clientId, audience: 'aud' in token ? token.aud : undefined },
    );

/** RFC 7009 §2.1: a token issued to somebody else is refused, and the caller is told. */
const mayRevoke: TokenPolicy = (_ctx, client, token) => {
  if (token.clientId === client.clientId) return true;
  throw new errors.InvalidRequest('this client cannot revoke the presented token');
};
