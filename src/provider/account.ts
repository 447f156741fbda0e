import type { Configuration, FindAccount } from 'oidc-provider';
import type { Account, Accounts } from '#src/accounts/index.ts';

/** The person behind a token. A disabled account is none: its codes, tokens and sessions stop working where they are used. */
export function findAccount(accounts: Accounts): FindAccount {
  return async (_ctx, id) => {
    const account = await accounts.find(id);
    if (!account || account.disabled) return undefined;
    return { accountId: account.id, claims: () => claimsOf(account) };
  };
}

/** All we know; the engine hands out what the granted scopes and claims allow. Own members win over free-form claims. */
function claimsOf(account: Account): { sub: string; [claim: string]: unknown } {
  return {
    ...account.claims,
    ...(account.name !== undefined && { name: account.name }),
    ...(account.email !== undefined && { email: account.email }),
    preferred_username: account.username,
    updated_at: Math.floor(account.updatedAt.getTime() / 1000),
    sub: account.id,
  };
}

/** Where the client's own metadata shows up: in JWT access tokens and in introspection alike. */
export const extraTokenClaims: Configuration['extraTokenClaims'] = (_ctx, token) => {
  const metadata = (token.client as { client_metadata?: object } | undefined)?.client_metadata;
  return metadata && Object.keys(metadata).length > 0 ? { client_metadata: metadata } : undefined;
};
