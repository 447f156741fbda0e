import type { Keys } from '#src/keys/index.ts';
import { JWT_ACCESS_TOKEN_TYPE, signingInput } from './jwt-claims.ts';
import type { FoundToken } from './records.ts';
import type { References } from './references.ts';

export interface PresentedJwt {
  /** Under which its row lies, or would: a dead one has a row too. */
  readonly id: string;
  /** Undefined when it does not live. */
  readonly token: FoundToken | undefined;
}

interface PresentedJwtDeps {
  readonly issuer: string;
  readonly keys: Pick<Keys, 'verify'>;
  readonly tokens: { readonly references: References; find(value: string): Promise<FoundToken | undefined> };
}

/**
 * Returns the function that finds the row of a JWT access token: undefined when this server did not sign it, or not as an
 * access token. Its signature must hold, whatever its name leads to: APIs log a `jti` and offline verifiers see it.
 */
export function presentedJwts({ issuer, keys, tokens }: PresentedJwtDeps) {
  return async (jwt: string): Promise<PresentedJwt | undefined> => {
    // Time is not checked here: the row decides about expiry, as it does for opaque tokens.
    const claims = await keys.verify(jwt, JWT_ACCESS_TOKEN_TYPE);
    if (claims?.iss !== issuer) return undefined;
    const name = claims.jti ?? signingInput(jwt);
    const token = await tokens.find(name);
    if (token && token.format !== 'jwt') return undefined;
    return { id: token?.id ?? tokens.references.idOf('token', name), token };
  };
}
