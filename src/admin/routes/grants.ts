import { z } from 'zod';
import type { Accounts } from '#src/accounts/index.ts';
import { GRANT_POSITION, type ListedGrant, type Revocation, type TokenList } from '#src/tokens/index.ts';
import { found } from '../found.ts';
import { timestamp } from '../members.ts';
import { pageOf, pageQueryOf, readPage } from '../pages.ts';
import { type AnyRoute, route } from '../route.ts';

const grant = z
  .object({
    id: z.string(),
    client_id: z.string(),
    scope: z.string().nullable().meta({ description: "Of OpenID Connect's scopes" }),
    resources: z.array(z.object({ identifier: z.string(), scope: z.string() })),
    created_at: timestamp,
    expires_at: timestamp,
  })
  .meta({
    id: 'Grant',
    description: 'What a user agreed to with a client; tokens issued under it live no longer than it',
  });
export const grantPage = pageOf('GrantPage', grant);

export interface GrantRouteDeps {
  readonly accounts: Pick<Accounts, 'find'>;
  readonly tokenList: TokenList;
  readonly revocation: Revocation;
}

export function grantRoutes({ accounts, tokenList, revocation }: GrantRouteDeps): AnyRoute[] {
  return [
    route({
      method: 'GET',
      path: '/users/:id/grants',
      scope: 'tokens:read',
      summary: 'List what a user has agreed to, newest first',
      query: pageQueryOf(GRANT_POSITION),
      status: 200,
      result: grantPage,
      async handle({ params, query }) {
        const { id } = found('user', await accounts.find(params.id));
        return readPage((page) => tokenList.listGrants(id, page), query, toWire, '');
      },
    }),
    route({
      method: 'DELETE',
      path: '/users/:id/grants',
      scope: 'tokens:write',
      summary: 'End everything a user has agreed to, and all tokens that came of it',
      audit: 'grant.end_all',
      target: ({ id }) => `user:${id}`,
      status: 204,
      async handle({ params, by }) {
        await revocation.endGrants(found('user', await accounts.find(params.id)).id, by);
      },
    }),
    route({
      method: 'DELETE',
      path: '/users/:id/grants/:grant_id',
      scope: 'tokens:write',
      summary: 'End one grant and all tokens that came of it',
      audit: 'grant.end',
      target: ({ id }) => `user:${id}`,
      status: 204,
      async handle({ params, by }) {
        await revocation.endGrant(found('user', await accounts.find(params.id)).id, params.grant_id, by);
      },
    }),
  ];
}

export function toWire(listed: ListedGrant): z.output<typeof grant> {
  return {
    id: listed.id,
    client_id: listed.clientId,
    scope: listed.scope ?? null,
    resources: [...listed.resources],
    created_at: listed.createdAt.toISOString(),
    expires_at: listed.expiresAt.toISOString(),
  };
}
