/**
 * JWT access tokens with a row in the token store: what makes them listable, revocable and countable. The engine alone
 * signs and forgets them.
 */
import { decodeJwt, type JWTPayload } from 'jose';
import type Provider from 'oidc-provider';
import { signingInput, statusOf } from '#src/tokens/index.ts';

interface Issuing {
  jti: string;
  format?: string;
  constructor: { readonly IN_PAYLOAD: readonly string[] };
  getValueAndPayload(): Promise<{ value: string; payload?: Record<string, unknown> }>;
}

/** Makes both access token models keep a row for tokens the engine formats as JWT. */
export function keepJwtAccessTokens(provider: Provider): void {
  for (const model of [provider.AccessToken, provider.ClientCredentials]) {
    const prototype = model.prototype as unknown as Issuing;
    const format = prototype.getValueAndPayload;
    prototype.getValueAndPayload = async function keepARow(this: Issuing) {
      const { value, payload } = await format.call(this);
      if (payload) return { value, payload };
      const claims = decodeJwt(value);
      // The engine saves the row under `jti` as it is after this.
      if (claims.jti === undefined) this.jti = signingInput(value);
      return { value, payload: { ...inPayload(this), ...said(claims), format: 'jwt' } };
    };
  }
}

function inPayload(token: Issuing): Record<string, unknown> {
  const own = token as unknown as Record<string, unknown>;
  return Object.fromEntries(
    token.constructor.IN_PAYLOAD.filter((name) => own[name] !== undefined).map((name) => [name, own[name]]),
  );
}

/** The row says what the signed token says: its times to the second, its name, and where its status stands. */
function said(claims: JWTPayload) {
  const { iat, exp, jti } = claims;
  return { iat: iat as number, exp: exp as number, jti, status: statusOf(claims) };
}
