import type { Middleware } from 'koa';
import type { KoaContextWithOIDC } from 'oidc-provider';
import { NOWHERE, type Pats } from '#src/pats/index.ts';
import type { Tokens } from '#src/tokens/index.ts';
import { PAT_GRANT } from './presented-pats.ts';

interface IntrospectPatsDeps {
  readonly pats: Pick<Pats, 'noteUse'>;
  readonly tokens: Pick<Tokens, 'idFor'>;
}

/** What an API is told of a personal access token: whose it is too, and that it is no token of an app. */
export function introspectPats({ pats, tokens }: IntrospectPatsDeps): Middleware {
  return async (ctx, next) => {
    await next();
    const { oidc } = ctx as Partial<KoaContextWithOIDC>;
    const token = oidc?.entities.AccessToken;
    if (oidc?.route !== 'introspection' || token?.gty !== PAT_GRANT) return;
    const { active, sub, client_id, scope, aud, iat, exp, iss } = ctx.body as Record<string, unknown>;
    if (active !== true) return;
    pats.noteUse(tokens.idFor('token', token.jti), NOWHERE);
    const { jti, username } = token.extra as { jti?: string; username: string };
    ctx.body = { active, sub, username, client_id, scope, aud, iat, exp, iss, jti, token_type: 'pat' };
  };
}
