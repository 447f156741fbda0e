/** Personal access tokens as JWTs, for APIs that verify without asking (claims as RFC 9068, under a type of their own). */
import { randomId } from '#src/crypto/index.ts';
import type { Keys, SigningAlg } from '#src/keys/index.ts';
import { PAT_JWT_TYPE } from '#src/oauth/pat-value.ts';
import type { StatusEntry, StatusLists } from '#src/tokens/index.ts';

interface SignedDeps {
  readonly keys: Pick<Keys, 'keepFor' | 'sign' | 'verify'>;
  readonly statusLists: Pick<StatusLists, 'take' | 'uriOf'>;
  readonly issuer: string;
}

interface Claims {
  readonly accountId: string;
  readonly clientId: string;
  readonly audience: string;
  readonly scope: string;
  /** Seconds since the epoch. */
  readonly issuedAt: number;
  readonly expiresAt: number;
}

export interface Signed {
  sign(claims: Claims, alg: SigningAlg): Promise<{ jwt: string; jti: string; status: StatusEntry }>;
  /** The jti of a JWT that was signed here; undefined for whatever else. Not whether it has expired: its row says so. */
  verify(jwt: string): Promise<string | undefined>;
}

export function createSigned({ keys, statusLists, issuer }: SignedDeps): Signed {
  return {
    async sign({ accountId, clientId, audience, scope, issuedAt, expiresAt }, alg) {
      await keys.keepFor(alg, expiresAt - issuedAt);
      const status = await statusLists.take();
      const jti = randomId();
      const claims = {
        iss: issuer,
        sub: accountId,
        aud: audience,
        client_id: clientId,
        scope,
        iat: issuedAt,
        exp: expiresAt,
        jti,
        status: { status_list: { idx: status.index, uri: statusLists.uriOf(status.list) } },
      };
      return { jwt: await keys.sign(alg, { typ: PAT_JWT_TYPE }, claims).compact, jti, status };
    },

    async verify(jwt) {
      const claims = await keys.verify(jwt, PAT_JWT_TYPE);
      return claims?.iss === issuer ? claims.jti : undefined;
    },
  };
}
