import { z } from 'zod';
import type { Account, Accounts } from '#src/accounts/index.ts';
import type { Enrolled, Factors } from '#src/factors/index.ts';
import { conflict } from '#src/http/index.ts';
import { NotFound } from '#src/oauth/problems.ts';
import type { Policies } from '#src/policies/index.ts';
import { mayRemove, type Removable } from '#src/sessions/index.ts';
import { found } from '../found.ts';
import { type AnyRoute, route } from '../route.ts';
import { authenticator, authenticators, toItems } from './authenticators.ts';

const renaming = z.strictObject({ name: z.string() }).meta({ id: 'PasskeyName' });

export interface MeAuthenticatorRouteDeps {
  readonly accounts: Pick<Accounts, 'find' | 'update'>;
  readonly factors: Factors;
  readonly policies: Pick<Policies, 'get'>;
}

/** What somebody signs in with: seen, named and taken away by themselves. */
export function meAuthenticatorRoutes({ accounts, factors, policies }: MeAuthenticatorRouteDeps): AnyRoute[] {
  const own = async (accountId: string) => {
    const [account, enrolled] = await Promise.all([accounts.find(accountId), factors.of(accountId)]);
    return { account: found('user', account), enrolled };
  };
  const removals: Record<Removable, (accountId: string, id: string) => Promise<unknown>> = {
    password: (accountId) => accounts.update(accountId, { profile: (present) => present, password: null }),
    totp: (accountId) => factors.totp.remove(accountId),
    recovery_codes: (accountId) => factors.recoveryCodes.remove(accountId),
    passkey: (accountId, id) => factors.webauthn.remove(accountId, id),
  };

  return [
    route({
      method: 'GET',
      path: '/me/authenticators',
      session: 'full',
      pat: 'account:read',
      summary: 'List what I sign in with',
      status: 200,
      result: authenticators,
      async handle({ accountId }) {
        const { account, enrolled } = await own(accountId);
        return { items: toItems(account, enrolled), next_cursor: null };
      },
    }),
    route({
      method: 'PATCH',
      path: '/me/authenticators/:authenticator_id',
      session: 'full',
      summary: 'Rename one of my passkeys',
      audit: 'passkey.rename',
      target: (_params, _result, by) => by,
      body: renaming,
      status: 200,
      result: authenticator,
      async handle({ session: { accountId }, params, body }) {
        found('passkey', await factors.webauthn.rename(accountId, params.authenticator_id, body.name));
        const { account, enrolled } = await own(accountId);
        return itemOf(account, enrolled, params.authenticator_id);
      },
    }),
    route({
      method: 'DELETE',
      path: '/me/authenticators/:authenticator_id',
      session: 'fresh',
      summary: 'Take away something I sign in with; not the last, and nothing that is demanded of me',
      audit: 'authenticator.remove',
      target: (_params, _result, by) => by,
      status: 204,
      async handle({ session: { accountId }, params }) {
        const { account, enrolled } = await own(accountId);
        const { type, id } = itemOf(account, enrolled, params.authenticator_id);
        const why = mayRemove(await policies.get(account.policyId), account, enrolled, type);
        if (why) throw conflict(why);
        await removals[type](accountId, id);
      },
    }),
  ];
}

/** @throws {NotFound} */
function itemOf(account: Account, enrolled: Enrolled, id: string) {
  const item = toItems(account, enrolled).find((candidate) => candidate.id === id);
  if (!item) throw new NotFound('authenticator');
  return item;
}
