/**
 * Introspection and revocation of JWT access tokens. The engine refuses structured tokens at these endpoints, so a JWT
 * that this server signed is replaced by a reference to its row before the engine sees it. Client authentication, who may
 * ask, and every answer stay the engine's.
 */
import type { Keys } from '#src/keys/index.ts';
import { presentedJwts, type Tokens } from '#src/tokens/index.ts';

/** An unknown value, for what is not ours: the engine answers `active: false` or 200 (RFC 7662 §2.2, RFC 7009 §2.2). */
export const UNKNOWN = 'not-a-token-of-this-server';

interface StructuredTokenDeps {
  readonly issuer: string;
  readonly keys: Pick<Keys, 'verify'>;
  readonly tokens: Tokens;
}

/** Returns the function that turns what was presented as `token` into what the engine can look up. */
export function structuredTokens(deps: StructuredTokenDeps): (token: string) => Promise<string> {
  const findJwt = presentedJwts(deps);
  return async (token) => {
    // Opaque values hold no dot. Whatever else does, an unsigned or encrypted JWT too, must not reach the engine either.
    if (!token.includes('.')) return token;
    const found = await findJwt(token);
    // A dead one too is referred to: its own client may be told why.
    return found ? deps.tokens.references.referenceTo(found.id) : UNKNOWN;
  };
}
