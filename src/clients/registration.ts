/** The members of a client registration (RFC 7591 §2 and its extensions), each checked on its own. See `rules.ts` for the rest. */
import { z } from 'zod';
import { isWebUri } from './uri.ts';

const MOST_URIS = 50;
/** Control characters break logs, bidirectional ones make a consent page show another name than the registered one. */
const DECEPTIVE = /[\p{Cc}\u202A-\u202E\u2066-\u2069]/u;
/** scope-token characters (RFC 6749 §3.3). */
const SCOPE = /^[\x21\x23-\x5b\x5d-\x7e]+( [\x21\x23-\x5b\x5d-\x7e]+)*$/;
const PRIVATE_JWK_MEMBERS = ['d', 'p', 'q', 'dp', 'dq', 'qi', 'oth', 'k'];

const shownText = z
  .string()
  .min(1)
  .max(200)
  .refine((text) => !DECEPTIVE.test(text), 'must not contain control characters');
const uri = z.string().min(1).max(2000);
const webUri = uri.refine(isWebUri, 'must be an https URL (http only for loopback) without fragment or credentials');

const publicJwk = z
  .looseObject({ kty: z.enum(['RSA', 'EC', 'OKP']) })
  .refine((jwk) => !PRIVATE_JWK_MEMBERS.some((name) => name in jwk), 'must be a public key: take the private part out');

export const GRANT_TYPES = [
  'authorization_code',
  'refresh_token',
  'client_credentials',
  'password',
  'urn:ietf:params:oauth:grant-type:device_code',
] as const;

export const ASSERTION_ALGS = [
  'RS256',
  'RS384',
  'RS512',
  'PS256',
  'PS384',
  'PS512',
  'ES256',
  'ES384',
  'ES512',
  'Ed25519',
  'EdDSA',
] as const;

const members = {
  client_name: shownText,
  client_uri: webUri,
  logo_uri: webUri,
  policy_uri: webUri,
  tos_uri: webUri,
  contacts: z.array(z.email().max(254)).max(20),
  redirect_uris: z.array(uri).max(MOST_URIS),
  post_logout_redirect_uris: z.array(uri).max(MOST_URIS),
  grant_types: z
    .array(z.enum(GRANT_TYPES))
    .max(20)
    .meta({ default: ['authorization_code'] }),
  response_types: z
    .array(z.enum(['code']))
    .max(1)
    .meta({ description: 'Follows from grant_types' }),
  scope: z
    .string()
    .max(8000)
    .regex(SCOPE, 'must be scope names separated by single spaces')
    .meta({ description: "Every scope the client may ask for, OpenID's and the APIs'" }),
  token_endpoint_auth_method: z
    .enum(['client_secret_basic', 'client_secret_post', 'private_key_jwt', 'none'])
    .meta({ default: 'client_secret_basic' }),
  token_endpoint_auth_signing_alg: z.enum(ASSERTION_ALGS),
  jwks: z.strictObject({ keys: z.array(publicJwk).min(1).max(20) }),
  jwks_uri: webUri,
  application_type: z.enum(['web', 'native']).meta({ default: 'web' }),
  backchannel_logout_uri: webUri,
  backchannel_logout_session_required: z.boolean(),
  dpop_bound_access_tokens: z.boolean(),
  require_pushed_authorization_requests: z.boolean(),
  default_max_age: z.int().min(0).max(31_536_000).meta({ description: 'Seconds' }),
  require_auth_time: z.boolean(),
  initiate_login_uri: webUri,
  id_token_signed_response_alg: z.enum(['RS256', 'ES256', 'Ed25519']).meta({ default: 'RS256' }),
  subject_type: z.enum(['public']),
  require_pkce: z.boolean().meta({
    default: true,
    description: 'PKCE with S256 at the authorization endpoint; only confidential clients may go without',
  }),
};

/** Every member may be left out; what is left out gets its default. Members that are not here are an error. */
export const registrationMembers = z.strictObject(members).partial().shape;

export type RegistrationInput = { [Member in keyof typeof members]?: z.output<(typeof members)[Member]> | undefined };

const DEFAULTS = {
  redirect_uris: [],
  post_logout_redirect_uris: [],
  grant_types: ['authorization_code'],
  token_endpoint_auth_method: 'client_secret_basic',
  application_type: 'web',
  backchannel_logout_session_required: false,
  dpop_bound_access_tokens: false,
  require_pushed_authorization_requests: false,
  require_auth_time: false,
  id_token_signed_response_alg: 'RS256',
  subject_type: 'public',
  require_pkce: true,
} as const satisfies RegistrationInput;

type Defaulted = keyof typeof DEFAULTS | 'response_types';

/** A registration with its defaults, RFC 7591 names as they are on the wire. */
export type Registration = Omit<RegistrationInput, Defaulted> & {
  [Member in Defaulted]: NonNullable<RegistrationInput[Member]>;
};

/** Response types have no choice left in them (no implicit, no hybrid), so they follow from the grant types (RFC 7591 §2.1). */
export function withDefaults(input: RegistrationInput): Registration {
  const given = Object.fromEntries(
    Object.entries(input).filter(([, value]) => value !== undefined),
  ) as RegistrationInput;
  const registration = { ...structuredClone(DEFAULTS), ...given } as Omit<Registration, 'response_types'>;
  return { ...registration, response_types: registration.grant_types.includes('authorization_code') ? ['code'] : [] };
}
