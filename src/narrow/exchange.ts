/** What a code and a refresh token are exchanged for: an access token, a refresh token that was never used, an ID token. */
import type { Apis } from '#src/apis/index.ts';
import type { Client } from '#src/clients/index.ts';
import { CODE_GRANT, REFRESH_GRANT } from '#src/oauth/grant-types.ts';
import type { Token } from '#src/tokens/index.ts';
import type { Webhooks } from '#src/webhooks/index.ts';
import { type AccessTokenDeps, makeAccessToken } from './access-tokens.ts';
import { type Authorization, authorizationOf } from './authorization.ts';
import { type IdTokenDeps, makeIdToken } from './id-tokens.ts';
import { makeRefreshToken } from './refresh-tokens.ts';

export interface ExchangeDeps extends AccessTokenDeps, IdTokenDeps {
  readonly keys: AccessTokenDeps['keys'];
  readonly apis: Apis;
  readonly webhooks: Pick<Webhooks, 'tokenIssued'>;
}

interface Presented {
  /** Its kind, and the grant type it is presented with: the same words. */
  readonly kind: typeof CODE_GRANT | typeof REFRESH_GRANT;
  readonly value: string;
  readonly client: Client;
  /** As the request names it (RFC 8707 §2.2); it need not. */
  readonly resource: string | undefined;
  /** What only its kind asks for; what does not pass is the engine's. */
  readonly passes: (authorization: Authorization) => boolean;
}

export interface TokenResponse {
  readonly access_token: string;
  readonly expires_in: number;
  readonly id_token?: string;
  readonly refresh_token?: string;
  readonly scope: string;
  readonly token_type: 'Bearer';
}

/**
 * Consumes what was presented and makes its successors, in the unit of work that is open.
 *
 * @returns undefined when it is not for here, with nothing consumed
 */
export async function exchange(deps: ExchangeDeps, presented: Presented): Promise<TokenResponse | undefined> {
  const { apis, tokens, webhooks } = deps;
  const { kind, value, client, resource } = presented;
  const authorization = await authorizationOf(apis, client, await tokens.find(value), kind);
  if (!authorization || !presented.passes(authorization)) return undefined;
  if (resource !== undefined && resource !== authorization.api?.identifier) return undefined;

  const grantType = grantTypeOf(authorization.token);
  const access = await makeAccessToken(deps, wantedOf(authorization, client, grantType));
  const isOidc = authorization.oidcScopes.includes('openid');
  const [accessToken, idToken] = await Promise.all([
    access.value,
    isOidc ? makeIdToken(deps, authorization, client) : undefined,
  ]);
  if (isOidc && !idToken) return undefined;
  const mayRefresh = client.registration.grant_types.includes(REFRESH_GRANT);
  const refresh = mayRefresh ? makeRefreshToken(tokens, authorization, client, grantType) : undefined;

  const unit = tokens.units.open();
  unit.consume(authorization.token.id, kind);
  for (const made of [access, refresh]) if (made) unit.tokens.set(made.row.id, made.row);
  unit.events.push(
    webhooks.tokenIssued({
      made: { ...access.row, accountId: authorization.accountId },
      grantType: kind,
      code: kind === CODE_GRANT ? value : undefined,
      oldRefreshToken: kind === REFRESH_GRANT ? value : undefined,
      accessToken,
      refreshToken: refresh?.value,
    }),
  );
  return {
    access_token: accessToken,
    expires_in: access.row.expiresAt - access.row.issuedAt,
    ...(idToken !== undefined && { id_token: idToken }),
    ...(refresh && { refresh_token: refresh.value }),
    scope: authorization.scope,
    token_type: 'Bearer',
  };
}

/** The grant types that lead here, as the engine counts them. */
function grantTypeOf({ kind, grantType = '' }: Token): string {
  if (kind === CODE_GRANT) return CODE_GRANT;
  return grantType.endsWith(REFRESH_GRANT) ? grantType : `${grantType} ${REFRESH_GRANT}`.trim();
}

function wantedOf({ api, scope, accountId, grantId, remembered }: Authorization, client: Client, grantType: string) {
  const { sessionUid, sid } = remembered;
  const person = { accountId, grantId, authentication: remembered, session: { sessionUid, sid } };
  return { api, client, scope, grantType, person };
}
