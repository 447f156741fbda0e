import type { Fault } from '#src/oauth/problems.ts';
import type { Registration } from './registration.ts';
import { isRedirectUri } from './uri.ts';

type Rule = readonly [path: string, broken: (registration: Registration) => boolean, message: string];

const isPublic = (r: Registration) => r.token_endpoint_auth_method === 'none';
const mayUse = (grantType: Registration['grant_types'][number]) => (r: Registration) =>
  r.grant_types.includes(grantType);

/** What holds between the members of a registration, each with the member to blame. */
const RULES: readonly Rule[] = [
  [
    'redirect_uris',
    (r) => mayUse('authorization_code')(r) && r.redirect_uris.length === 0,
    'authorization_code needs at least one',
  ],
  // Anybody can be a public client: a token for nobody's sake would be a token for everybody (RFC 6749 §4.4).
  [
    'grant_types',
    (r) => mayUse('client_credentials')(r) && isPublic(r),
    'client_credentials needs a client that authenticates',
  ],
  // Without a secret, PKCE is all that binds a code to who asked for it (RFC 9700 §2.1.1).
  ['require_pkce', (r) => !r.require_pkce && isPublic(r), 'only a client that authenticates may go without PKCE'],
  ['jwks', (r) => r.jwks !== undefined && r.jwks_uri !== undefined, 'use either jwks or jwks_uri (RFC 7591 §2)'],
  [
    'jwks',
    (r) => r.token_endpoint_auth_method === 'private_key_jwt' && !r.jwks && !r.jwks_uri,
    'private_key_jwt needs jwks or jwks_uri',
  ],
  [
    'token_endpoint_auth_signing_alg',
    (r) => r.token_endpoint_auth_signing_alg !== undefined && r.token_endpoint_auth_method !== 'private_key_jwt',
    'is only for private_key_jwt',
  ],
];

export function checkRules(registration: Registration): Fault[] {
  const broken = RULES.filter(([, isBroken]) => isBroken(registration));
  return [
    ...broken.map(([path, , message]) => ({ path, message })),
    ...checkRedirects('redirect_uris', registration),
    ...checkRedirects('post_logout_redirect_uris', registration),
  ];
}

function checkRedirects(member: 'redirect_uris' | 'post_logout_redirect_uris', registration: Registration): Fault[] {
  const allowed =
    registration.application_type === 'native'
      ? 'https, http to a loopback address, or a private-use scheme with a dot in it (RFC 8252 §7)'
      : 'https, or http to a loopback address';
  return registration[member].flatMap((uri, i) =>
    isRedirectUri(uri, registration.application_type)
      ? []
      : [{ path: `${member}.${i}`, message: `must be an absolute URI without fragment or credentials: ${allowed}` }],
  );
}
