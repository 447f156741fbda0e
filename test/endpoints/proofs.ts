/** DPoP proofs made by hand (RFC 9449 §4.2), so that a test can make wrong ones and send one twice. */
import { createHash, randomUUID } from 'node:crypto';
import { calculateJwkThumbprint, exportJWK, generateKeyPair, SignJWT } from 'jose';

export interface ProofKey {
  readonly thumbprint: string;
  /** @param accessToken the token that the proof goes with, at a resource */
  prove(
    method: string,
    url: string,
    changes?: { accessToken?: string; claims?: object; header?: object },
  ): Promise<string>;
}

export async function proofKey(): Promise<ProofKey> {
  const { publicKey, privateKey } = await generateKeyPair('ES256');
  const jwk = await exportJWK(publicKey);
  return {
    thumbprint: await calculateJwkThumbprint(jwk),
    prove(htm, htu, { accessToken, claims, header } = {}) {
      const ath = accessToken && createHash('sha256').update(accessToken).digest('base64url');
      return new SignJWT({
        htm,
        htu,
        jti: randomUUID(),
        iat: Math.floor(Date.now() / 1000),
        ...(ath && { ath }),
        ...claims,
      })
        .setProtectedHeader({ alg: 'ES256', typ: 'dpop+jwt', jwk, ...header })
        .sign(privateKey);
    },
  };
}
