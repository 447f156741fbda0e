import type { Middleware } from 'koa';
import type { KoaContextWithOIDC } from 'oidc-provider';
import { inactive, type TokenList, type Tokens } from '#src/tokens/index.ts';

/** Tells a token's own client why it is not active. */
export function inactiveReason({ references }: Tokens, list: TokenList): Middleware {
  return async (ctx, next) => {
    await next();
    const { oidc } = ctx as Partial<KoaContextWithOIDC>;
    if (oidc?.route !== 'introspection' || ctx.status !== 200 || (ctx.body as { active?: boolean }).active) return;
    ctx.body = await inactive(list, references.idOf('token', String(oidc.params?.token)), oidc.client?.clientId);
  };
}
