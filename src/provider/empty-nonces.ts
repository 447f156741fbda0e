import { decodeJwt } from 'jose';
import type { Middleware } from 'koa';

/**
 * Around a fault of the engine: a DPoP proof with an empty nonce makes it fail where it should refuse, while nonces are
 * off. Such a proof is spoilt, so that every endpoint refuses it in its own words (RFC 9449 §4.3, §7.1).
 */
export const spoilEmptyNonces: Middleware = async (ctx, next) => {
  if (nonceOf(ctx.get('DPoP')) === '') ctx.req.headers.dpop = 'a proof with an empty nonce';
  await next();
};

function nonceOf(proof: string): unknown {
  if (proof === '') return undefined;
  try {
    return decodeJwt(proof).nonce;
  } catch {
    return undefined;
  }
}
