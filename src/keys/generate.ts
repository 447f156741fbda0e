import { generateKeyPair as generate } from 'node:crypto';
import { promisify } from 'node:util';
import { calculateJwkThumbprint, type JWK } from 'jose';
import type { Seals } from '#src/crypto/index.ts';
import { DEFAULT_LIFETIMES } from '#src/oauth/lifetimes.ts';
import type { SigningAlg } from './key.ts';
import type { NewKey } from './queries.ts';

const generateKeyPair = promisify(generate);

/**
 * An ID token outlives its `exp` as `id_token_hint` (OpenID Connect RP-Initiated Logout 1.0 §2): for as long as there is a
 * session that it could end.
 */
const SHORTEST_USE_S = DEFAULT_LIFETIMES.session;

const GENERATE = {
  RS256: () => generateKeyPair('rsa', { modulusLength: 2048 }),
  ES256: () => generateKeyPair('ec', { namedCurve: 'P-256' }),
  Ed25519: () => generateKeyPair('ed25519'),
} satisfies Record<SigningAlg, unknown>;

export async function newKey(alg: SigningAlg, seals: Seals): Promise<NewKey> {
  const { privateKey, publicKey } = await GENERATE[alg]();
  const publicJwk = publicKey.export({ format: 'jwk' }) as JWK;
  const kid = await calculateJwkThumbprint(publicJwk);
  // It is typed after `mintmark keys revoke`, where a leading dash would begin a flag.
  if (kid.startsWith('-')) return newKey(alg, seals);
  const named = { kid, alg, use: 'sig' };
  const privateJwk: JWK = { ...privateKey.export({ format: 'jwk' }), ...named };
  return {
    kid,
    alg,
    public_jwk: { ...publicJwk, ...named },
    private_jwk: sealKey(privateJwk, kid, seals),
    longest_ttl: SHORTEST_USE_S,
  };
}

export function sealKey(privateJwk: JWK, kid: string, seals: Seals): Buffer {
  return seals.seal(Buffer.from(JSON.stringify(privateJwk)), sealContext(kid));
}

export function openKey(sealed: Buffer, kid: string, seals: Seals): JWK {
  return JSON.parse(seals.open(sealed, sealContext(kid)).toString()) as JWK;
}

const sealContext = (kid: string) => `signing_keys.private_jwk:${kid}`;
