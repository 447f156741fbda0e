import type { Accounts } from '#src/accounts/index.ts';
import type { Clients } from '#src/clients/index.ts';
import { NotFound } from '#src/oauth/problems.ts';
import type { ListedToken, Revocation, RevocationRules, TokenList } from '#src/tokens/index.ts';
import { found } from '../found.ts';
import { type AnyRoute, route } from '../route.ts';
import { listPage, page, revoked, tokenPage } from './tokens.ts';

export interface OwnedTokenRouteDeps {
  readonly clients: Pick<Clients, 'find'>;
  readonly accounts: Pick<Accounts, 'find'>;
  readonly tokenList: TokenList;
  readonly revocation: Revocation;
  readonly revocationRules: RevocationRules;
}

/** The live tokens of one client or one user. Ending them all is a rule: one row, however many they are. */
export function ownedTokenRoutes(deps: OwnedTokenRouteDeps): AnyRoute[] {
  const { clients, accounts, tokenList, revocation, revocationRules } = deps;
  const owners = [
    {
      path: '/clients/:id/tokens',
      owner: 'client',
      ownerOf: ({ clientId }: ListedToken) => clientId,
      exists: async (id: string) => void found('client', await clients.find(id)),
      filter: (clientId: string) => ({ clientId }),
    },
    {
      path: '/users/:id/tokens',
      owner: 'user',
      ownerOf: ({ accountId }: ListedToken) => accountId,
      exists: async (id: string) => void found('user', await accounts.find(id)),
      filter: (accountId: string) => ({ accountId }),
    },
  ] as const;

  return owners.flatMap(({ path, owner, ownerOf, exists, filter }) => [
    route({
      method: 'GET',
      path,
      scope: 'tokens:read',
      summary: `List the live tokens of a ${owner}, newest first`,
      query: page,
      status: 200,
      result: tokenPage,
      async handle({ params, query: wanted }) {
        await exists(params.id);
        return listPage(tokenList, wanted, { ...filter(params.id), status: 'live' });
      },
    }),
    route({
      method: 'DELETE',
      path,
      scope: 'tokens:write',
      summary: `Revoke all tokens of a ${owner}, codes and refresh tokens too`,
      audit: 'token.revoke_all',
      target: ({ id }) => `${owner}:${id}`,
      status: 200,
      result: revoked,
      async handle({ params, by }) {
        await exists(params.id);
        const reason = `all tokens of the ${owner} were revoked`;
        const { matches } = await revocationRules.create({ ...filter(params.id), reason, by });
        return { revoked: matches ?? null };
      },
    }),
    route({
      method: 'DELETE',
      path: `${path}/:token_id`,
      scope: 'tokens:write',
      summary: `Revoke one token of a ${owner}`,
      audit: 'token.revoke',
      target: ({ id }) => `${owner}:${id}`,
      status: 204,
      async handle({ params, by }) {
        const listed = found('token', await tokenList.find(params.token_id));
        if (ownerOf(listed) !== params.id) throw new NotFound('token');
        await revocation.revokeId(listed.id, { by });
      },
    }),
  ]);
}
