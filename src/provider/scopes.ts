/** OpenID Connect's own scopes, as the engine is told of them. API scopes: `resources.ts`. */
import { OIDC_SCOPES } from '#src/oauth/scopes.ts';

/** Splits what was asked for into OpenID Connect's scopes and the scopes of APIs. */
export function splitScopes(scope: string | undefined): { oidc: string[]; api: string[] } {
  const names = [...new Set(scope?.split(' ').filter(Boolean))];
  return {
    oidc: names.filter((name) => OIDC_SCOPES.includes(name)),
    api: names.filter((name) => !OIDC_SCOPES.includes(name)),
  };
}

export const scopes: string[] = [...OIDC_SCOPES];
