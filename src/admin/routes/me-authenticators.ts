import { z } from 'zod';
import type { Account, Accounts } from '#src/accounts/index.ts';
import type { Enrolled, Factors } from '#src/factors/index.ts';
import { NotFound } from '#src/oauth/problems.ts';
import type { Policies } from '#src/policies/index.ts';
import { removeProof } from '#src/sessions/index.ts';
import type { SessionList } from '#src/tokens/index.ts';
import {
  authenticator,
  authenticatorPage,
  authenticatorQuery,
  readAuthenticators,
  toItems,
} from '../authenticator-page.ts';
import { found } from '../found.ts';
import { ruled } from '../own-record.ts';
import { type AnyRoute, route } from '../route.ts';

const renaming = z.strictObject({ name: z.string() }).meta({ id: 'PasskeyName' });

export interface MeAuthenticatorRouteDeps {
  readonly accounts: Pick<Accounts, 'find' | 'removePassword'>;
  readonly factors: Factors;
  readonly policies: Pick<Policies, 'get'>;
  readonly sessionList: Pick<SessionList, 'endAll'>;
}

/** What somebody signs in with: seen, named and taken away by themselves. */
export function meAuthenticatorRoutes({
  accounts,
  factors,
  policies,
  sessionList,
}: MeAuthenticatorRouteDeps): AnyRoute[] {
  const own = async (accountId: string) => {
    const [account, enrolled] = await Promise.all([accounts.find(accountId), factors.of(accountId)]);
    return { account: found('user', account), enrolled };
  };

  return [
    route({
      method: 'GET',
      path: '/me/authenticators',
      session: 'full',
      pat: 'account:read',
      summary: 'List what I sign in with',
      query: authenticatorQuery,
      status: 200,
      result: authenticatorPage,
      async handle({ accountId, query }) {
        const { account, enrolled } = await own(accountId);
        return readAuthenticators(account, enrolled, query);
      },
    }),
    route({
      method: 'PATCH',
      path: '/me/authenticators/:authenticator_id',
      session: 'full',
      summary: 'Rename one of my passkeys',
      audit: { self: ['passkey.rename'] },
      body: renaming,
      status: 200,
      result: authenticator,
      async handle({ session: { accountId }, params, body, record }) {
        const id = params.authenticator_id;
        const rename = () => factors.webauthn.rename(accountId, id, body.name);
        found('passkey', await ruled(record, 'passkey.rename', rename, { data: { passkey: id } }));
        await record('passkey.rename', { data: { passkey: id } });
        const { account, enrolled } = await own(accountId);
        return itemOf(account, enrolled, id);
      },
    }),
    route({
      method: 'DELETE',
      path: '/me/authenticators/:authenticator_id',
      session: 'fresh',
      summary: 'Take away something I sign in with; not the last, and nothing that is demanded of me',
      description: 'With the password go all other sessions.',
      audit: { self: ['password.remove', 'totp.remove', 'passkey.remove', 'recovery_codes.remove'] },
      status: 204,
      async handle({ session: { accountId, uid }, params, record }) {
        const { account, enrolled } = await own(accountId);
        const { type, id } = itemOf(account, enrolled, params.authenticator_id);
        const data = type === 'passkey' ? { passkey: id } : {};
        const policy = await policies.get(account.policyId);
        const remove = () => removeProof({ accounts, factors }, accountId, { type, id }, policy);
        if (!(await ruled(record, `${type}.remove`, remove, { data, conflict: 'demanded' })))
          throw new NotFound('authenticator');
        // Who knew it may be signed in with it somewhere.
        if (type === 'password') await sessionList.endAll(accountId, { except: uid });
        await record(`${type}.remove`, { data });
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
