/** OpenID Connect's own scopes (Core 1.0 §5.4, §11). No API may define a scope of one of these names. */
export const OIDC_SCOPES: readonly string[] = ['openid', 'profile', 'email', 'address', 'phone', 'offline_access'];
