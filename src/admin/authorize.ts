import type { From } from '#src/audit/index.ts';
import { type Context, fromOf, insufficientScope, invalidToken, noToken, presentedToken } from '#src/http/index.ts';
import { ACCOUNT_CLIENT } from '#src/oauth/account-client.ts';
import type { AdminScope } from '#src/oauth/admin-scopes.ts';
import { looksLikePat } from '#src/oauth/pat-value.ts';
import type { UsablePat } from '#src/pats/index.ts';
import { covers } from './scopes.ts';

export interface Caller {
  readonly clientId: string;
  readonly accountId?: string | undefined;
  /** What they hold is a personal access token: this one. */
  readonly patId?: string | undefined;
  readonly scopes: ReadonlySet<string>;
}

/** Who holds this access token for the admin API; undefined when it is no living one. */
export type Authenticate = (token: string) => Promise<Caller | undefined>;

/** The personal access token for this API behind a value, scopes as they are now; undefined when it is no living one. */
export type AuthenticatePat = (value: string, from: From) => Promise<UsablePat | undefined>;

export interface AuthorizeDeps {
  /** Whose pages may have the cookie with a personal access token sent. */
  readonly issuer: string;
  readonly authenticate: Authenticate;
  readonly authenticatePat: AuthenticatePat;
}

/** @throws {Problem} 401 without a good token */
export async function callerOf(ctx: Context, deps: AuthorizeDeps): Promise<Caller> {
  const token = tokenOf(ctx, deps);
  const caller = looksLikePat(token) ? toCaller(await patOf(ctx, token, deps)) : await deps.authenticate(token);
  if (!caller) throw invalidToken();
  ctx.state.clientId = caller.clientId;
  return caller;
}

/** @throws {Problem} 401 without a good one */
export async function patOf(
  ctx: Context,
  value: string,
  { authenticatePat }: Pick<AuthorizeDeps, 'authenticatePat'>,
): Promise<UsablePat> {
  const pat = await authenticatePat(value, fromOf(ctx));
  if (!pat) throw invalidToken();
  ctx.state.clientId = ACCOUNT_CLIENT;
  return pat;
}

const toCaller = ({ id, accountId, scopes }: UsablePat): Caller => ({
  clientId: ACCOUNT_CLIENT,
  accountId,
  patId: id,
  scopes: new Set(scopes),
});

/** @throws {Problem} 403 */
export function assertMay(caller: Caller, scope: AdminScope): void {
  // Users have no roles yet, so a client that may ask for these scopes would make everybody who signs in to it an
  // administrator. Until they have, only clients administer, in their own name.
  if (caller.accountId !== undefined || !covers(caller.scopes, scope)) throw insufficientScope(scope);
}

/** How the record names who did something. */
export function nameOf({ accountId, clientId }: Caller): string {
  return accountId === undefined ? `client:${clientId}` : `user:${accountId}`;
}

/** @throws {Problem} 401 without one, 400 with two */
export function tokenOf(ctx: Context, { issuer }: Pick<AuthorizeDeps, 'issuer'>): string {
  const token = presentedToken(ctx, new URL(issuer).origin);
  if (token === undefined) throw noToken();
  return token;
}
