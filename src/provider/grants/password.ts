/**
 * The resource owner password credentials grant (RFC 6749 §4.3), only for clients registered with it. RFC 9700 §2.4
 * advises against it; batch requesters and migrating apps still need it.
 */
import { errors, type default as Provider } from 'oidc-provider';
import type { Account, Accounts } from '#src/accounts/index.ts';
import { PasswordQueueFull } from '#src/crypto/index.ts';
import type { Tokens } from '#src/tokens/index.ts';
import { createGrant } from '../consent.ts';
import { TemporarilyUnavailable } from '../errors.ts';
import { type GrantContext, issueTokens, proofOfPossession, requestedAccess } from '../internals.ts';
import { splitScopes } from '../scopes.ts';

export const PASSWORD_GRANT = 'password';
export const PASSWORD_PARAMETERS = ['username', 'password', 'scope', 'resource'];

export function passwordGrant(provider: Provider, { accounts, tokens }: { accounts: Accounts; tokens: Tokens }) {
  return async (ctx: GrantContext): Promise<void> => {
    const { username, password } = credentials(ctx);

    // What the request may have is settled before the password is looked at: a refusal must not cost a hash.
    const proof = await proofOfPossession(provider, ctx);
    const { scopes, resourceServers } = await requestedAccess(provider, ctx);
    if (resourceServers.length > 1)
      throw new errors.InvalidTarget('only a single resource can be named for this grant');
    const account = await authenticate(accounts, username, password);

    const { client } = ctx.oidc;
    const resources = resourceServers.map((server) => [
      server.identifier(),
      [...scopes].filter((name) => server.scopes.has(name)),
    ]);
    const grant = await createGrant(provider, tokens, {
      accountId: account.id,
      clientId: client.clientId,
      oidcScopes: splitScopes([...scopes].join(' ')).oidc,
      claims: [],
      resources: Object.fromEntries(resources),
    });
    ctx.oidc.entity('Grant', grant);

    const source = new provider.AuthorizationCode({
      accountId: account.id,
      client,
      grantId: grant.jti,
      gty: PASSWORD_GRANT,
      scope: [...scopes].join(' '),
      ...(resourceServers[0] && { resource: resourceServers[0].identifier() }),
      authTime: Math.floor(Date.now() / 1000),
      amr: ['pwd'],
    } as unknown as ConstructorParameters<Provider['AuthorizationCode']>[0]);
    await issueTokens(provider, ctx, { source, grant, grantType: PASSWORD_GRANT, proof });
  };
}

function credentials({ oidc: { params } }: GrantContext): { username: string; password: string } {
  const { username, password } = params as Record<string, unknown>;
  const missing = Object.entries({ username, password }).flatMap(([name, value]) => (value ? [] : [name]));
  if (missing.length > 0) throw new errors.InvalidRequest(`missing required parameter(s) ${missing.join(', ')}`);
  return { username: String(username), password: String(password) };
}

async function authenticate(accounts: Accounts, username: string, password: string): Promise<Account> {
  const account = await accounts.authenticate(username, password).catch((error: unknown) => {
    throw error instanceof PasswordQueueFull ? new TemporarilyUnavailable(error) : error;
  });
  // One answer for every reason: it must not tell who exists (RFC 6749 §5.2 has no finer code either).
  if (!account) throw new errors.CustomOIDCProviderError('invalid_grant', 'the user name or password is wrong');
  return account;
}
