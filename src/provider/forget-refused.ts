import type { Middleware } from 'koa';
import type { KoaContextWithOIDC } from 'oidc-provider';
import type { Tokens } from '#src/tokens/index.ts';

/**
 * A token request that is refused late leaves tokens that the engine had made on its way there. Nobody received them: they
 * would only stand in lists, and be told of, as living ones. What else a refusal changed stays, a code that is used up
 * among it (RFC 6749 §4.1.2).
 */
export function forgetRefused(tokens: Tokens): Middleware {
  return async (ctx, next) => {
    await next();
    const { oidc } = ctx as Partial<KoaContextWithOIDC>;
    if (oidc?.route === 'token' && ctx.status !== 200) tokens.units.open().tokens.clear();
  };
}
