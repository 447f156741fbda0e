import { type Context, insufficientScope, invalidToken, noToken } from '#src/http/index.ts';
import { type AdminScope, covers } from './scopes.ts';

export interface Caller {
  readonly clientId: string;
  readonly accountId?: string | undefined;
  readonly scopes: ReadonlySet<string>;
}

/** Who holds this access token for the admin API; undefined when it is no living one. */
export type Authenticate = (token: string) => Promise<Caller | undefined>;

/** b64token (RFC 6750 §2.1). Only in the header: in a query or a form it would end up in somebody's log. */
const BEARER = /^Bearer +([A-Za-z0-9\-._~+/]+=*)$/i;

/** @throws {Problem} 401 without a good token */
export async function callerOf(ctx: Context, authenticate: Authenticate): Promise<Caller> {
  const caller = await authenticate(bearerOf(ctx));
  if (!caller) throw invalidToken();
  ctx.state.clientId = caller.clientId;
  return caller;
}

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

/** @throws {Problem} 401 */
export function bearerOf(ctx: Context): string {
  const header = ctx.get('authorization');
  if (!/^Bearer( |$)/i.test(header)) throw noToken();
  const token = BEARER.exec(header)?.[1];
  if (token === undefined) throw invalidToken();
  return token;
}
