/**
 * What a JWT access token says as its API wants it: where verifiers that never ask us find out whether it still lives
 * (`status`, Token Status List), and whether it has a name (`jti`).
 */
import type { JWTPayload } from 'jose';
import type { Api } from '#src/apis/index.ts';
import { randomId } from '#src/crypto/index.ts';
import type { Keys } from '#src/keys/index.ts';
import type { StatusEntry } from './records.ts';
import type { StatusLists } from './status-lists.ts';

/** RFC 9068 §2.1. */
export const JWT_ACCESS_TOKEN_TYPE = 'at+jwt';

/** What is about to be signed. */
export interface UnsignedJwt {
  /** Beside `alg`, `typ` and `kid`. */
  header?: Record<string, unknown>;
  payload: JWTPayload & { iat: number; exp: number };
}

interface JwtClaimsDeps {
  readonly keys: Pick<Keys, 'keepFor'>;
  readonly statusLists: StatusLists;
}

/** Completes the claims that every JWT access token has. @throws {Unavailable} */
export async function completeJwt({ keys, statusLists }: JwtClaimsDeps, api: Api, jwt: UnsignedJwt): Promise<void> {
  const { payload } = jwt;
  await keys.keepFor(api.signingAlg, payload.exp - payload.iat);
  if (!api.includeJti) delete payload.jti;
  if (api.includeStatus) {
    const { list, index } = await statusLists.take();
    payload.status = { status_list: { idx: index, uri: statusLists.uriOf(list) } };
  } else if (!api.includeJti) {
    // With neither, two tokens of one second would be one and the same, and revoking one would revoke both.
    jwt.header = { nonce: randomId() };
  }
}

/** The entry that a token of ours refers to; a list's number ends its URI. */
export function statusOf(claims: JWTPayload): StatusEntry | undefined {
  const { status_list: entry } = (claims.status ?? {}) as { status_list?: { idx: number; uri: string } };
  return entry && { list: Number(entry.uri.slice(entry.uri.lastIndexOf('/') + 1)), index: entry.idx };
}

/**
 * What a JWT without a jti is found by. Not the whole of it: who holds one ECDSA signature can make a second one that is
 * as valid, and a revocation must hold for both.
 */
export function signingInput(jwt: string): string {
  return jwt.slice(0, jwt.lastIndexOf('.'));
}
