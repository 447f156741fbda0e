/**
 * UserInfo (OpenID Connect Core §5.3): what the scopes of a token stand for, of the person whose token it is. No client can
 * be registered for signed answers or for subjects of its own (Core §8.1), so it is said to all of them alike.
 */
import { type Accounts, accountClaims } from '#src/accounts/index.ts';
import type { Clients } from '#src/clients/index.ts';
import type { FoundToken, Tokens } from '#src/tokens/index.ts';
import { claimsOfScopes, findPerson } from './claims.ts';
import { consentOf } from './consent.ts';
import type { Said } from './index.ts';
import { isLiving } from './living.ts';

export interface UserinfoDeps {
  readonly accounts: Pick<Accounts, 'find'>;
  readonly clients: Pick<Clients, 'find'>;
  readonly tokens: Tokens;
}

export function userinfo({ accounts, clients, tokens }: UserinfoDeps) {
  return async (value: string): Promise<Said | undefined> => {
    const token = await tokens.find(value);
    if (!token || !isForUserinfo(token) || !isLiving(token)) return undefined;
    const scopes = consentOf(token)?.oidcScopes;
    if (!scopes?.includes('openid')) return undefined;
    // The look-up found neither of them disabled: asked again, because meanwhile they may be.
    const client = await clients.find(token.clientId);
    if (!client || client.disabled) return undefined;
    const person = await findPerson(accounts, token.accountId);
    return person && { body: claimsOfScopes(scopes, accountClaims(person)), clientId: client.id };
  };
}

/** One for an API is for that API alone. A JWT's row lies under its jti, which is no secret: by that it opens nothing. */
const isForUserinfo = ({ kind, format, audience }: FoundToken): boolean =>
  kind === 'access_token' && format === 'opaque' && audience === undefined;
