import { z } from 'zod';
import type { Account, Accounts } from '#src/accounts/index.ts';
import type { Enrolled, Factors, Passkey } from '#src/factors/index.ts';
import { NotFound } from '#src/oauth/problems.ts';
import { found } from '../found.ts';
import { timestamp } from '../members.ts';
import { type AnyRoute, route } from '../route.ts';

export const authenticator = z
  .object({
    id: z.string().meta({ description: "A passkey's own, or its type: a user has one of each of the others at most" }),
    type: z.enum(['password', 'totp', 'passkey', 'recovery_codes']),
    name: z.string().nullable(),
    created_at: timestamp,
    last_used_at: timestamp.nullable().meta({ description: 'null: never, or not noted' }),
    remaining: z.int().optional().meta({ description: 'Recovery codes that are not used' }),
  })
  .meta({ id: 'Authenticator' });
type Wire = z.output<typeof authenticator>;

export const authenticators = z
  .object({ items: z.array(authenticator), next_cursor: z.null() })
  .meta({ id: 'Authenticators', description: 'What a user can prove who they are with; never the secrets behind it' });

export interface AuthenticatorRouteDeps {
  readonly accounts: Pick<Accounts, 'find' | 'update'>;
  readonly factors: Pick<Factors, 'of' | 'totp' | 'recoveryCodes' | 'webauthn' | 'removeAll'>;
}

export function authenticatorRoutes({ accounts, factors }: AuthenticatorRouteDeps): AnyRoute[] {
  const user = async (id: string) => found('user', await accounts.find(id));

  async function remove(account: Account, id: string): Promise<boolean> {
    if (id === 'totp') return factors.totp.remove(account.id);
    if (id === 'recovery_codes') return factors.recoveryCodes.remove(account.id);
    if (id !== 'password') return factors.webauthn.remove(account.id, id);
    if (!account.hasPassword) return false;
    await accounts.update(account.id, { profile: (present) => present, password: null });
    return true;
  }

  return [
    route({
      method: 'GET',
      path: '/users/:id/authenticators',
      scope: 'users:read',
      summary: 'List what a user signs in with',
      status: 200,
      result: authenticators,
      async handle({ params }) {
        const account = await user(params.id);
        return { items: toItems(account, await factors.of(account.id)), next_cursor: null };
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
      audit: 'authenticator.remove',
      target: ({ id }) => `user:${id}`,
      status: 204,
      async handle({ params }) {
        if (!(await remove(await user(params.id), params.authenticator_id))) throw new NotFound('authenticator');
      },
    }),
  ];
}

export function toItems(
  account: Account,
  { totp, passkeys, recoveryCodesLeft, recoveryCodesCreatedAt }: Enrolled,
): Wire[] {
  const one = (type: Wire['type'], createdAt: Date | undefined, lastUsedAt?: Date): Wire[] =>
    createdAt ? [{ id: type, type, name: null, ...toTimes(createdAt, lastUsedAt) }] : [];
  const passwordSince = account.hasPassword ? (account.passwordChangedAt ?? account.createdAt) : undefined;
  return [
    ...one('password', passwordSince),
    ...one('totp', totp?.createdAt, totp?.lastUsedAt),
    ...passkeys.map(toPasskeyItem),
    ...one('recovery_codes', recoveryCodesCreatedAt).map((codes) => ({ ...codes, remaining: recoveryCodesLeft })),
  ];
}

export function toPasskeyItem({ id, name, createdAt, lastUsedAt }: Passkey): Wire {
  return { id, type: 'passkey', name, ...toTimes(createdAt, lastUsedAt) };
}

function toTimes(createdAt: Date, lastUsedAt: Date | undefined) {
  return { created_at: createdAt.toISOString(), last_used_at: lastUsedAt?.toISOString() ?? null };
}
