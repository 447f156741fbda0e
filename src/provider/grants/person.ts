/** What the grants end with that prove a person at the token endpoint: a grant of its own, and tokens under it. */
import type { default as Provider, ResourceServerInstance } from 'oidc-provider';
import type { SignIn } from '#src/sessions/index.ts';
import type { Tokens } from '#src/tokens/index.ts';
import { createGrant } from '../consent.ts';
import { type GrantContext, issueTokens, type Proof } from '../internals.ts';
import { splitScopes } from '../scopes.ts';

interface Issuing {
  readonly signIn: SignIn;
  readonly access: { readonly scopes: Set<string>; readonly resourceServers: ResourceServerInstance[] };
  readonly proof: Proof;
  readonly grantType: string;
}

export async function issueForPerson(
  provider: Provider,
  tokens: Tokens,
  ctx: GrantContext,
  { signIn, access: { scopes, resourceServers }, proof, grantType }: Issuing,
): Promise<void> {
  const { client } = ctx.oidc;
  const resources = resourceServers.map((server) => [
    server.identifier(),
    [...scopes].filter((name) => server.scopes.has(name)),
  ]);
  const grant = await createGrant(provider, tokens, {
    accountId: signIn.accountId,
    clientId: client.clientId,
    oidcScopes: splitScopes([...scopes].join(' ')).oidc,
    claims: [],
    resources: Object.fromEntries(resources),
  });
  ctx.oidc.entity('Grant', grant);

  const source = new provider.AuthorizationCode({
    accountId: signIn.accountId,
    client,
    grantId: grant.jti,
    gty: grantType,
    scope: [...scopes].join(' '),
    ...(resourceServers[0] && { resource: resourceServers[0].identifier() }),
    authTime: signIn.authTime,
    acr: signIn.acr,
    amr: [...signIn.amr],
  } as unknown as ConstructorParameters<Provider['AuthorizationCode']>[0]);
  // Where the tokens' claims about the sign-in are read from (`account.ts`).
  ctx.oidc.entity('AuthorizationCode', source);
  await issueTokens(provider, ctx, { source, grant, grantType, proof });
}
