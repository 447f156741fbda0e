/**
 * JWT access tokens with a row in the token store: what makes them listable, revocable and countable. The engine alone
 * signs and forgets them.
 */
import type { JWTPayload } from 'jose';
import type Provider from 'oidc-provider';

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
      return { value, payload: { ...inPayload(this), ...timesOf(value), format: 'jwt' } };
    };
  }
}

function inPayload(token: Issuing): Record<string, unknown> {
  const own = token as unknown as Record<string, unknown>;
  return Object.fromEntries(
    token.constructor.IN_PAYLOAD.filter((name) => own[name] !== undefined).map((name) => [name, own[name]]),
  );
}

/** The row says what the signed token says, to the second. */
function timesOf(jwt: string): Pick<JWTPayload, 'iat' | 'exp'> {
  const { iat, exp } = JSON.parse(Buffer.from(jwt.split('.')[1] ?? '', 'base64url').toString()) as JWTPayload;
  return { iat: iat as number, exp: exp as number };
}
