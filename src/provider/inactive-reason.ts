import type { Middleware } from 'koa';
import type { KoaContextWithOIDC } from 'oidc-provider';
import type { TokenList, Tokens } from '#src/tokens/index.ts';

/**
 * Tells a token's own client why the token is not active: `expired`, `revoked` or `consumed`, for as long as the row is
 * kept. RFC 7662 §2.2 advises against telling a resource server; the client held the token and acts differently on each.
 */
export function inactiveReason({ references }: Tokens, list: TokenList): Middleware {
  return async (ctx, next) => {
    await next();
    const { oidc } = ctx as Partial<KoaContextWithOIDC>;
    if (oidc?.route !== 'introspection' || ctx.status !== 200 || (ctx.body as { active?: boolean }).active) return;
    const [id = ''] = references.idsOf('token', String(oidc.params?.token));
    const token = await list.find(id);
    if (token && token.clientId === oidc.client?.clientId && token.status !== 'live') {
      ctx.body = { active: false, inactive_reason: token.status };
    }
  };
}
