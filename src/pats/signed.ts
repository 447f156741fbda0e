/** Personal access tokens as JWTs, for APIs that verify without asking (claims as RFC 9068, under a type of their own). */
import { createLocalJWKSet, type JWK, jwtVerify, SignJWT } from 'jose';
import { randomId } from '#src/crypto/index.ts';
import { type Keys, SIGNING_ALGS, type SigningAlg } from '#src/keys/index.ts';
import { PAT_JWT_TYPE } from '#src/oauth/pat-value.ts';
import type { StatusEntry, StatusLists } from '#src/tokens/index.ts';

interface SignedDeps {
  readonly keys: Pick<Keys, 'all' | 'current' | 'keepFor' | 'onChange'>;
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
  close(): void;
}

export function createSigned({ keys, statusLists, issuer }: SignedDeps): Signed {
  let keySet: ReturnType<typeof createLocalJWKSet> | undefined;
  const close = keys.onChange(() => {
    keySet = undefined;
  });

  return {
    async sign({ accountId, clientId, audience, scope, issuedAt, expiresAt }, alg) {
      await keys.keepFor(alg, expiresAt - issuedAt);
      const status = await statusLists.take();
      const key = keys.current(alg);
      const jti = randomId();
      const jwt = await new SignJWT({
        client_id: clientId,
        scope,
        status: { status_list: { idx: status.index, uri: statusLists.uriOf(status.list) } },
      })
        .setProtectedHeader({ alg, typ: PAT_JWT_TYPE, ...(key.kid && { kid: key.kid }) })
        .setIssuer(issuer)
        .setSubject(accountId)
        .setAudience(audience)
        .setIssuedAt(issuedAt)
        .setExpirationTime(expiresAt)
        .setJti(jti)
        .sign(key);
      return { jwt, jti, status };
    },

    async verify(jwt) {
      keySet ??= createLocalJWKSet({ keys: keys.all().map(publicHalf) });
      try {
        const { payload } = await jwtVerify(jwt, keySet, {
          issuer,
          typ: PAT_JWT_TYPE,
          algorithms: [...SIGNING_ALGS],
          currentDate: new Date(0),
        });
        return payload.jti;
      } catch {
        // As unknown as a random string, and no more than that is said.
        return undefined;
      }
    },

    close,
  };
}

function publicHalf({ kty, kid, alg, crv, x, y, n, e }: JWK): JWK {
  const members = Object.entries({ kty, kid, alg, crv, x, y, n, e });
  return Object.fromEntries(members.filter(([, value]) => value !== undefined)) as unknown as JWK;
}
