import type { Account, Accounts } from '#src/accounts/index.ts';
import type { SessionList } from '#src/tokens/index.ts';
import { found } from '../found.ts';
import { pageQuery, readPage } from '../pages.ts';
import { type AnyRoute, route } from '../route.ts';
import {
  DEFAULT_LINK,
  newResetLink,
  newUser,
  resetLink,
  timeOut,
  toChange,
  toDecisions,
  toPassword,
  toProfile,
  toWire,
  user,
  userPage,
  userPatch,
} from './user-members.ts';

export interface UserRouteDeps {
  readonly accounts: Accounts;
  readonly sessionList: Pick<SessionList, 'endAll'>;
}

const target = ({ id }: { id: string }) => `user:${id}`;

export function userRoutes({ accounts, sessionList }: UserRouteDeps): AnyRoute[] {
  async function withLocks(items: readonly Account[]) {
    const locks = await accounts.locksOf(items.map(({ id }) => id));
    return items.map((account) => ({ account, lock: locks.get(account.id) }));
  }

  async function shown(account: Account) {
    const [one] = await withLocks([account]);
    return toWire(one ?? { account, lock: undefined });
  }

  async function listed(page: Parameters<Accounts['list']>[0]) {
    const { items, next } = await accounts.list(page);
    return { items: await withLocks(items), next };
  }

  return [
    route({
      method: 'GET',
      path: '/users',
      scope: 'users:read',
      summary: 'List users',
      query: pageQuery,
      status: 200,
      result: userPage,
      handle: ({ query }) => readPage(listed, query, toWire),
    }),
    route({
      method: 'POST',
      path: '/users',
      scope: 'users:write',
      summary: 'Create a user',
      audit: 'user.create',
      target: (_, made) => made && target(made),
      body: newUser,
      status: 201,
      result: user,
      location: ({ id }) => `/users/${id}`,
      async handle({ body }) {
        const { disabled = false, ...decisions } = toDecisions(body);
        const password = toPassword(body) ?? null;
        return shown(await accounts.create({ ...toProfile(body), ...decisions, disabled, password }));
      },
    }),
    route({
      method: 'GET',
      path: '/users/:id',
      scope: 'users:read',
      summary: 'Read a user',
      status: 200,
      result: user,
      handle: async ({ params }) => shown(found('user', await accounts.find(params.id))),
    }),
    route({
      method: 'PATCH',
      path: '/users/:id',
      scope: 'users:write',
      summary: 'Change a user',
      audit: 'user.update',
      target,
      details: ({ body }) => ({ members: Object.keys(body) }),
      body: userPatch,
      status: 200,
      result: user,
      async handle({ params: { id }, body }) {
        const password = toPassword(body);
        const account = await accounts.update(id, { profile: toChange(body), ...toDecisions(body), password });
        // Who knew the old one may be signed in with it.
        if (password !== undefined) await sessionList.endAll(id);
        return shown(account);
      },
    }),
    route({
      method: 'DELETE',
      path: '/users/:id',
      scope: 'users:write',
      summary: 'Delete a user',
      audit: 'user.delete',
      target,
      status: 204,
      handle: ({ params }) => accounts.remove(params.id),
    }),
    route({
      method: 'POST',
      path: '/users/:id/disable',
      scope: 'users:write',
      summary: 'Disable a user, for a time or until enabled again',
      audit: 'user.disable',
      target,
      details: ({ body }) => ({ duration: body.duration ?? null }),
      body: timeOut,
      bodyOptional: true,
      status: 200,
      result: user,
      handle: async ({ params, body: { duration = null } }) => shown(await accounts.disable(params.id, duration)),
    }),
    route({
      method: 'POST',
      path: '/users/:id/enable',
      scope: 'users:write',
      summary: 'Enable a user; also lets in again whom wrong guesses shut out',
      audit: 'user.enable',
      target,
      status: 200,
      result: user,
      handle: async ({ params }) => shown(await accounts.enable(params.id)),
    }),
    route({
      method: 'POST',
      path: '/users/:id/password-reset',
      scope: 'users:write',
      summary: 'Make a link that sets a new password once; an earlier one is void',
      audit: 'password.reset_link',
      target,
      body: newResetLink,
      bodyOptional: true,
      status: 201,
      result: resetLink,
      async handle({ params, body: { expires_in = DEFAULT_LINK } }) {
        const { link, expiresAt } = await accounts.resets.create(params.id, expires_in);
        return { link, expires_at: expiresAt.toISOString() };
      },
    }),
  ];
}
