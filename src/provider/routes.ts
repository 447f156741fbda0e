/** Paths of the protocol endpoints (contract.md, "URLs"). */
import type { Configuration } from 'oidc-provider';

export const routes = {
  authorization: '/oauth/authorize',
  token: '/oauth/token',
  introspection: '/oauth/introspect',
  revocation: '/oauth/revoke',
  userinfo: '/oauth/userinfo',
  jwks: '/oauth/jwks',
  end_session: '/oauth/logout',
  pushed_authorization_request: '/oauth/par',
  device_authorization: '/oauth/device/code',
  code_verification: '/device',
  registration: '/oauth/register',
} satisfies Configuration['routes'];
