import { looksLikePat } from '#src/oauth/pat-value.ts';
import { invalidToken, malformed } from './problem.ts';
import { isSameOrigin } from './same-origin.ts';
import type { Context } from './state.ts';

export const PAT_COOKIE = 'mintmark_pat';
export const PAT_HEADER = 'PRIVATE-TOKEN';

/** b64token (RFC 6750 §2.1). */
const BEARER = /^Bearer +([A-Za-z0-9\-._~+/]+=*)$/i;
const BASIC = /^Basic +([A-Za-z0-9+/]+=*)$/i;

/**
 * The token that a request presents, by whichever way programs know: `Authorization: Bearer`, `PRIVATE-TOKEN`, the password
 * of HTTP Basic under any user name, or a cookie. All but the first are for personal access tokens only. Never in a query
 * or a form: there it would end up in somebody's log.
 *
 * @param origin whose pages may have the cookie sent
 * @returns undefined when there is none
 * @throws {Problem} 400 for two different ones (RFC 6750 §2: one method at a time), 401 for what cannot be a token
 */
export function presentedToken(ctx: Context, origin: string): string | undefined {
  const values = new Set([bearer(ctx), header(ctx), basicPassword(ctx), cookie(ctx, origin)]);
  values.delete(undefined);
  if (values.size > 1) throw malformed('the request presents two different tokens');
  const [value] = values;
  return value;
}

function bearer(ctx: Context): string | undefined {
  const authorization = ctx.get('authorization');
  if (!/^Bearer( |$)/i.test(authorization)) return undefined;
  const [, token] = BEARER.exec(authorization) ?? [];
  if (token === undefined) throw invalidToken();
  return token;
}

function header(ctx: Context): string | undefined {
  const value = ctx.get(PAT_HEADER);
  if (value === '') return undefined;
  if (!looksLikePat(value)) throw invalidToken();
  return value;
}

/** A password of another kind is for somebody else on the way, a proxy for instance. */
function basicPassword(ctx: Context): string | undefined {
  const [, encoded] = BASIC.exec(ctx.get('authorization')) ?? [];
  if (encoded === undefined) return undefined;
  const credentials = Buffer.from(encoded, 'base64').toString();
  const password = credentials.slice(credentials.indexOf(':') + 1);
  return looksLikePat(password) ? password : undefined;
}

/** A browser sends cookies along with whatever another site makes it ask for. */
function cookie(ctx: Context, origin: string): string | undefined {
  const value = ctx.cookies.get(PAT_COOKIE, { signed: false });
  return value !== undefined && looksLikePat(value) && isSameOrigin(ctx, origin) ? value : undefined;
}
