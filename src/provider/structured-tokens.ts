/**
 * Introspection and revocation of JWT access tokens. The engine refuses structured tokens at these endpoints, so a JWT
 * that this server signed is replaced by a reference to its row before the engine sees it. Client authentication, who may
 * ask, and every answer stay the engine's.
 */
import { createLocalJWKSet, type JWK, jwtVerify } from 'jose';
import type { Tokens } from '#src/tokens/index.ts';

/** An unknown value, for what is not ours: the engine answers `active: false` or 200 (RFC 7662 §2.2, RFC 7009 §2.2). */
export const UNKNOWN = 'not-a-token-of-this-server';

export interface StructuredTokenDeps {
  readonly issuer: string;
  readonly tokens: Tokens;
  /** Public halves of every key that a live token may be signed with. */
  readonly publicKeys: JWK[];
}

/**
 * What a JWT without a jti is found by. Not the whole of it: who holds one ECDSA signature can make a second one that is
 * as valid, and a revocation must hold for both.
 */
export function signingInput(jwt: string): string {
  return jwt.slice(0, jwt.lastIndexOf('.'));
}

/** Returns the function that turns what was presented as `token` into what the engine can look up. */
export function structuredTokens({
  issuer,
  tokens,
  publicKeys,
}: StructuredTokenDeps): (token: string) => Promise<string> {
  const keySet = createLocalJWKSet({ keys: publicKeys });
  const algorithms = publicKeys.flatMap(({ alg }) => alg ?? []);

  /** What the JWT's row is found by; undefined when this server did not sign it, or not as an access token. */
  async function rowOf(jwt: string): Promise<string | undefined> {
    try {
      // Time is not checked here: the row decides about expiry, as it does for opaque tokens.
      const { payload } = await jwtVerify(jwt, keySet, { issuer, typ: 'at+jwt', algorithms, currentDate: new Date(0) });
      return payload.jti ?? signingInput(jwt);
    } catch {
      // As unknown as a random string, and no more than that is said.
      return undefined;
    }
  }

  return async (token) => {
    // Opaque values hold no dot. Whatever else does, an unsigned or encrypted JWT too, must not reach the engine either.
    if (!token.includes('.')) return token;
    const value = await rowOf(token);
    if (value === undefined) return UNKNOWN;
    const row = await tokens.find(value);
    if (row && row.format !== 'jwt') return UNKNOWN;
    // A dead one too: its own client may be told why.
    return tokens.references.referenceTo(row?.id ?? tokens.references.idOf('token', value));
  };
}
