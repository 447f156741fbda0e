/**
 * JSON Web Tokens by one set of keys, in compact serialization (RFC 7515 §7.1). A set that changed is another one of these:
 * what was learnt of signatures by a key ends with it.
 *
 * node:crypto with key objects. An RSA signature is made in its thread pool, where it holds up no other request for 300 µs; a
 * curve's takes 35, which the way to the pool and back, WebCrypto's only one, would make a tenth more.
 */
import { createPrivateKey, createPublicKey, hash, type JsonWebKey, type KeyObject, sign, verify } from 'node:crypto';
import { promisify } from 'node:util';
import type { JWK, JWTPayload } from 'jose';
import type { KeyState, SigningAlg } from './key.ts';

export interface SignedJwt {
  /** What the signature covers: all but the signature itself, and known before it. */
  readonly signingInput: string;
  readonly compact: string | Promise<string>;
}

export interface Jwts {
  /** By the key that signs now; `header` beside `alg` and `kid`. */
  sign(alg: SigningAlg, header: { typ?: string; [parameter: string]: unknown }, claims: JWTPayload): SignedJwt;
  /**
   * The claims of a JWT of this type that one of these keys signed; undefined for whatever else. Not whether it has
   * expired, nor who issued it: an issuer that moved has the same keys.
   */
  verify(jwt: string, typ: string): Promise<JWTPayload | undefined>;
}

interface Key {
  readonly alg: SigningAlg;
  readonly kid: string;
  readonly state: KeyState;
  readonly privateJwk: JWK;
}

/**
 * A signature holds for the same bytes under the same key for ever, so one that was seen need not be checked again: APIs
 * ask about the same token with every call. Known by SHA-256 of the whole JWT, signature included: the name in it is no
 * secret, and must not vouch for other bytes. Some 100 bytes each.
 */
const MOST_VERIFIED = 10_000;

const COMPACT = /^([\w-]+)\.([\w-]+)\.([\w-]+)$/;
const DIGEST = { RS256: 'sha256', ES256: 'sha256', Ed25519: null } as const satisfies Record<SigningAlg, unknown>;

const signInPool = promisify<string | null, Buffer, JwsKey, Buffer>(sign);
const verifyInPool = promisify<string | null, Buffer, JwsKey, Buffer, boolean>(verify);

/**
 * JWS has ECDSA signatures as two numbers in a row (RFC 7518 §3.4), not in DER. That stands on the key object itself: of an
 * object with a key in it Node first throws, and catches, two exceptions to learn that it is no key (lib/internal/crypto/keys.js,
 * `isKeyObject`), which takes half as long as signing. Node reads it there, and does not promise to: if it ever stops, ours
 * would still verify ours, and the test that others can is what tells.
 */
const inJws = (key: KeyObject): JwsKey => Object.assign(key, { dsaEncoding: 'ieee-p1363' } as const);

type JwsKey = KeyObject & { readonly dsaEncoding: 'ieee-p1363' };

export function createJwts(keys: readonly Key[]): Jwts {
  const byKid = new Map(keys.map((key) => [key.kid, prepare(key)]));
  const signing = new Map(keys.filter(({ state }) => state === 'current').map(({ alg, kid }) => [alg, byKid.get(kid)]));
  const verified = new Set<string>();

  function keep(digest: string): void {
    const [oldest] = verified;
    if (oldest !== undefined && verified.size >= MOST_VERIFIED) verified.delete(oldest);
    verified.add(digest);
  }

  return {
    sign(alg, { typ, ...more }, claims) {
      const key = signing.get(alg);
      if (!key) throw new Error(`no key signs ${alg}`);
      const signingInput = `${encode({ alg, typ, kid: key.kid, ...more })}.${encode(claims)}`;
      const complete = (signature: Buffer) => `${signingInput}.${signature.toString('base64url')}`;
      const input = Buffer.from(signingInput);
      const isLong = alg === 'RS256';
      const compact = isLong
        ? signInPool(DIGEST[alg], input, key.toSign).then(complete)
        : complete(sign(DIGEST[alg], input, key.toSign));
      return { signingInput, compact };
    },

    async verify(jwt, typ) {
      const [, header = '', claims = '', signature = ''] = COMPACT.exec(jwt) ?? [];
      const said = decode(header);
      const key = byKid.get(String(said?.kid));
      // No parameter that must be understood (`crit`) is: none of ours has one.
      if (!key || said?.alg !== key.alg || said.typ !== typ || said.crit !== undefined) return undefined;
      const digest = hash('sha256', jwt, 'base64url');
      if (!verified.has(digest)) {
        const input = Buffer.from(`${header}.${claims}`);
        const holds = await verifyInPool(DIGEST[key.alg], input, key.toVerify, Buffer.from(signature, 'base64url'));
        if (!holds) return undefined;
        keep(digest);
      }
      return decode(claims);
    },
  };
}

function prepare({ alg, kid, privateJwk }: Key) {
  const key = createPrivateKey({ key: privateJwk as JsonWebKey, format: 'jwk' });
  return { alg, kid, toSign: inJws(key), toVerify: inJws(createPublicKey(key)) };
}

const encode = (value: object): string => Buffer.from(JSON.stringify(value)).toString('base64url');

/** Undefined for what is no JSON object. */
function decode(encoded: string): Record<string, unknown> | undefined {
  try {
    const value: unknown = JSON.parse(Buffer.from(encoded, 'base64url').toString());
    return typeof value === 'object' && value !== null ? (value as Record<string, unknown>) : undefined;
  } catch {
    return undefined;
  }
}
