/** The client credentials grant (RFC 6749 §4.4) for a token of one API, opaque or a JWT as the API has it. */
import type { Api, Apis } from '#src/apis/index.ts';
import type { Client } from '#src/clients/index.ts';
import { CLIENT_CREDENTIALS_GRANT } from '#src/oauth/grant-types.ts';
import { OIDC_SCOPES } from '#src/oauth/scopes.ts';
import { type AccessTokenDeps, makeAccessToken } from './access-tokens.ts';
import type { Endpoint } from './index.ts';
import { mayUse } from './request/client.ts';
import { hasOnly } from './request/form.ts';

export interface ClientCredentialsDeps extends AccessTokenDeps {
  readonly apis: Apis;
}

const PARAMETERS = new Set(['grant_type', 'scope', 'resource', 'client_id', 'client_secret']);

export function clientCredentials({ apis, ...deps }: ClientCredentialsDeps): Endpoint {
  return {
    takes: (form) => form.get('grant_type') === CLIENT_CREDENTIALS_GRANT && hasOnly(form, PARAMETERS),

    async answer(form, { client }) {
      if (!mayUse(CLIENT_CREDENTIALS_GRANT, client)) return undefined;
      const scopes = [...new Set(form.get('scope')?.split(' '))];
      const api = await apiFor(apis, client, scopes, form.get('resource'));
      if (!api) return undefined;

      const scope = scopes.join(' ');
      const wanted = { api, client, scope, grantType: CLIENT_CREDENTIALS_GRANT };
      const { row, value } = await makeAccessToken(deps, wanted);
      // By RSA a JWT is signed while its row is written, and given to nobody before both is done.
      const [access_token] = await Promise.all([value, deps.tokens.issue(row)]);
      return { access_token, expires_in: row.expiresAt - row.issuedAt, scope, token_type: 'Bearer' };
    },
  };
}

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
