/** The client credentials grant (RFC 6749 §4.4) for a token of one API, opaque or a JWT as the API has it. */
import type { Api, Apis } from '#src/apis/index.ts';
import type { Client } from '#src/clients/index.ts';
import { accessTokenLifetime } from '#src/oauth/lifetimes.ts';
import { OIDC_SCOPES } from '#src/oauth/scopes.ts';
import { type AccessTokenDeps, issueJwt, issueOpaque } from './access-tokens.ts';
import { hasOnly } from './form.ts';
import type { Endpoint } from './index.ts';

export interface ClientCredentialsDeps extends AccessTokenDeps {
  readonly apis: Apis;
}

const PARAMETERS = new Set(['grant_type', 'scope', 'resource', 'client_id', 'client_secret']);

export function clientCredentials({ apis, ...deps }: ClientCredentialsDeps): Endpoint {
  return {
    takes: (form) => form.get('grant_type') === 'client_credentials' && hasOnly(form, PARAMETERS),

    async answer(form, { client }) {
      if (!mayUseIt(client)) return undefined;
      const scopes = [...new Set(form.get('scope')?.split(' '))];
      const api = await apiFor(apis, client, scopes, form.get('resource'));
      if (!api) return undefined;

      const lifetime = accessTokenLifetime(api.accessTokenTtl, client.accessTokenTtl);
      const scope = scopes.join(' ');
      const issue = api.accessTokenFormat === 'jwt' ? issueJwt : issueOpaque;
      return {
        access_token: await issue(deps, { api, client, scope, lifetime }),
        expires_in: lifetime,
        scope,
        token_type: 'Bearer',
      };
    },
  };
}

const mayUseIt = ({ registration }: Client): boolean =>
  registration.grant_types.includes('client_credentials') && !registration.dpop_bound_access_tokens;

/** The one API that defines all these scopes, which the client was all granted; undefined: the engine says what is wrong. */
async function apiFor(
  apis: Apis,
  { registration }: Client,
  scopes: readonly string[],
  resource: string | undefined,
): Promise<Api | undefined> {
  if (scopes.length === 0 || scopes.some((name) => OIDC_SCOPES.includes(name))) return undefined;
  const granted = registration.scope?.split(' ') ?? [];
  if (!scopes.every((name) => granted.includes(name))) return undefined;
  const [api, ...others] = await apis.definingAll(scopes, resource);
  return others.length === 0 ? api : undefined;
}
