import type { Middleware } from 'koa';
import type { KoaContextWithOIDC } from 'oidc-provider';
import type { Tokens } from '#src/tokens/index.ts';
import type { Webhooks } from '#src/webhooks/index.ts';

interface TokenResponse {
  readonly access_token: string;
  readonly refresh_token?: string;
}

/**
 * Tells that tokens were issued to a person, by whatever grant, in the unit of work that writes them: what loses a race or
 * a guard writes neither. An answer that is repeated issues nothing, so it is not told again; nor is a machine's token, nor
 * a refusal, of which no token is left (`forgetRefused`).
 * The values are those of the answer, the only place where that of a JWT is known.
 */
export function tellIssued(tokens: Tokens, webhooks: Pick<Webhooks, 'tokenIssued'>): Middleware {
  return async (ctx, next) => {
    await next();
    const { oidc } = ctx as Partial<KoaContextWithOIDC>;
    if (oidc?.route !== 'token') return;
    const unit = tokens.units.open();
    const made = [...unit.tokens.values()].find(({ kind }) => kind === 'access_token');
    if (made?.accountId === undefined) return;

    const { access_token, refresh_token } = ctx.body as TokenResponse;
    const { grant_type, code, refresh_token: presented } = oidc.params as Record<string, string | undefined>;
    const issued = {
      made: { ...made, accountId: made.accountId },
      grantType: String(grant_type),
      code,
      accessToken: access_token,
      refreshToken: refresh_token,
      oldRefreshToken: presented,
    };
    unit.events.push(webhooks.tokenIssued(issued));
  };
}
