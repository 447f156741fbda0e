import type { Accounts } from '#src/accounts/index.ts';
import type { Factors } from '#src/factors/index.ts';
import { NotFound } from '#src/oauth/problems.ts';
import { type Removable, removeProof } from '#src/sessions/index.ts';
import type { SessionList } from '#src/tokens/index.ts';
import { authenticatorPage, authenticatorQuery, readAuthenticators } from '../authenticator-page.ts';
import { found } from '../found.ts';
import { type AnyRoute, route } from '../route.ts';

export interface AuthenticatorRouteDeps {
  readonly accounts: Pick<Accounts, 'find' | 'removePassword'>;
  readonly factors: Pick<Factors, 'of' | 'totp' | 'recoveryCodes' | 'webauthn' | 'removeAll'>;
  readonly sessionList: Pick<SessionList, 'endAll'>;
}

const SINGLE = new Set<string>(['password', 'totp', 'recovery_codes'] satisfies Removable[]);

/** A passkey has an id of its own; of the others there is one at most, by its type. */
const typeOf = (id: string): Removable => (SINGLE.has(id) ? (id as Removable) : 'passkey');

export function authenticatorRoutes({ accounts, factors, sessionList }: AuthenticatorRouteDeps): AnyRoute[] {
  const user = async (id: string) => found('user', await accounts.find(id));

  return [
    route({
      method: 'GET',
      path: '/users/:id/authenticators',
      scope: 'users:read',
      summary: 'List what a user signs in with',
      query: authenticatorQuery,
      status: 200,
      result: authenticatorPage,
      async handle({ params, query }) {
        const account = await user(params.id);
        return readAuthenticators(account, await factors.of(account.id), query);
      },
    }),
    route({
      method: 'DELETE',
      path: '/users/:id/authenticators',
      scope: 'users:write',
      summary: "Reset a user's second factors: TOTP, passkeys and recovery codes go, the password stays",
      audit: 'authenticator.remove_all',
      target: ({ id }) => `user:${id}`,
      status: 204,
      handle: async ({ params }) => factors.removeAll((await user(params.id)).id),
    }),
    route({
      method: 'DELETE',
      path: '/users/:id/authenticators/:authenticator_id',
      scope: 'users:write',
      summary: 'Take away one of the ways in which a user signs in: password, totp, recovery_codes or a passkey',
      description: 'With the password go all sessions.',
      audit: 'authenticator.remove',
      target: ({ id }) => `user:${id}`,
      status: 204,
      async handle({ params: { id: userId, authenticator_id: id } }) {
        const account = await user(userId);
        const type = typeOf(id);
        if (!(await removeProof({ accounts, factors }, account.id, { type, id }))) throw new NotFound('authenticator');
        // Who knew it may be signed in with it.
        if (type === 'password') await sessionList.endAll(account.id);
      },
    }),
  ];
}
