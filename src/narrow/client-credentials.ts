/** The client credentials grant (RFC 6749 §4.4) for an opaque token of one API. */
import type { Api, Apis } from '#src/apis/index.ts';
import type { Client } from '#src/clients/index.ts';
import { randomSecret } from '#src/crypto/index.ts';
import { accessTokenLifetime } from '#src/oauth/lifetimes.ts';
import { OIDC_SCOPES } from '#src/oauth/scopes.ts';
import type { Tokens } from '#src/tokens/index.ts';
import type { Endpoint } from './index.ts';

const PARAMETERS = new Set(['grant_type', 'scope', 'resource', 'client_id', 'client_secret']);

export function clientCredentials({ apis, tokens }: { apis: Apis; tokens: Tokens }): Endpoint {
  return async (form, { client }) => {
    if (form.get('grant_type') !== 'client_credentials' || !mayUseIt(client)) return undefined;
    for (const name of form.keys()) if (!PARAMETERS.has(name)) return undefined;

    const scopes = [...new Set(form.get('scope')?.split(' ').filter(Boolean))];
    const api = await apiFor(apis, client, scopes, form.get('resource'));
    if (api?.accessTokenFormat !== 'opaque') return undefined;

    const value = randomSecret();
    const lifetime = accessTokenLifetime(api.accessTokenTtl, client.accessTokenTtl);
    const issuedAt = Math.floor(Date.now() / 1000);
    const scope = scopes.join(' ');
    await tokens.issue({
      id: tokens.references.idOf('token', value),
      kind: 'access_token',
      format: 'opaque',
      clientId: client.id,
      accountId: undefined,
      grantId: undefined,
      grantType: 'client_credentials',
      scope,
      audience: api.identifier,
      userCode: undefined,
      issuedAt,
      expiresAt: issuedAt + lifetime,
      consumedAt: undefined,
      status: undefined,
      remainder: hasMetadata(client) ? { extra: { client_metadata: client.metadata } } : {},
    });
    return { access_token: value, expires_in: lifetime, scope, token_type: 'Bearer' };
  };
}

const mayUseIt = ({ registration }: Client): boolean =>
  registration.grant_types.includes('client_credentials') && !registration.dpop_bound_access_tokens;

const hasMetadata = ({ metadata }: Client): boolean => Object.keys(metadata).length > 0;

/** The one API that defines all these scopes, which the client was all granted; undefined: the engine says what is wrong. */
async function apiFor(
  apis: Apis,
  { registration }: Client,
  scopes: readonly string[],
  resource: string | undefined,
): Promise<Api | undefined> {
  if (scopes.length === 0 || scopes.some((name) => OIDC_SCOPES.includes(name))) return undefined;
  const granted = new Set(registration.scope?.split(' '));
  if (!scopes.every((name) => granted.has(name))) return undefined;
  const [api, ...others] = await apis.definingAll(scopes, resource);
  return others.length === 0 ? api : undefined;
}
