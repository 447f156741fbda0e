import { z } from 'zod';
import type { Account, Accounts, OwnProfile } from '#src/accounts/index.ts';
import type { Factors } from '#src/factors/index.ts';
import { unprocessable } from '#src/http/index.ts';
import type { ApiSession } from '#src/sessions/index.ts';
import type { SessionList } from '#src/tokens/index.ts';
import { found } from '../found.ts';
import { patchOf, timestamp } from '../members.ts';
import { ruled } from '../own-record.ts';
import { type AnyRoute, route } from '../route.ts';
import { assertFresh } from '../session-token.ts';
import { notByPat } from '../who-asks.ts';

const OWN = { name: z.string().max(200).optional(), email: z.string().max(254).optional() };
const ownPatch = patchOf(OWN).meta({ id: 'MePatch' });

const me = z
  .object({
    id: z.string(),
    username: z.string(),
    email: z.string().nullable(),
    name: z.string().nullable(),
    has_password: z.boolean(),
    acr: z.string().nullable().meta({ description: 'Of this sign-in; null: none, but a personal access token' }),
    amr: z.array(z.string()),
    auth_time: timestamp.nullable(),
    created_at: timestamp,
    updated_at: timestamp,
  })
  .meta({ id: 'Me' });

const passwordChange = z
  .strictObject({ current_password: z.string(), new_password: z.string() })
  .meta({ id: 'PasswordChange' });

const WRONG_PASSWORD = { path: 'current_password', message: 'is not right, or was guessed too often' };

export interface MeRouteDeps {
  readonly accounts: Pick<Accounts, 'find' | 'updateOwnProfile' | 'changePassword'>;
  readonly factors: Pick<Factors, 'of'>;
  readonly sessionList: Pick<SessionList, 'endAll'>;
}

/** Whoever is signed in, for themselves. */
export function meRoutes({ accounts, factors, sessionList }: MeRouteDeps): AnyRoute[] {
  const own = async (accountId: string) => found('user', await accounts.find(accountId));

  return [
    route({
      method: 'GET',
      path: '/me',
      session: 'full',
      pat: 'account:read',
      summary: 'Who I am, and how I signed in',
      status: 200,
      result: me,
      handle: async ({ accountId, session }) => toWire(await own(accountId), session),
    }),
    route({
      method: 'PATCH',
      path: '/me',
      session: 'full',
      pat: 'account:write',
      summary: 'Change my name or, with a fresh sign-in, my e-mail address',
      audit: { self: ['account.update'] },
      body: ownPatch,
      status: 200,
      result: me,
      async handle({ accountId, session, body, record }) {
        // Whoever holds the address can have the password set anew.
        if ('email' in body) {
          if (!session) throw notByPat();
          await assertFresh(factors, session);
        }
        const data = { members: Object.keys(body) };
        const change = () => accounts.updateOwnProfile(accountId, body as OwnProfile);
        const account = await ruled(record, 'account.update', change, { data });
        await record('account.update', { data });
        return toWire(account, session);
      },
    }),
    route({
      method: 'POST',
      path: '/me/password',
      session: 'full',
      summary: 'Change my password; all my other sessions end',
      audit: { self: ['password.change', 'user.lock'] },
      body: passwordChange,
      status: 204,
      async handle({ session: { accountId, uid }, body, record }) {
        const { current_password: current, new_password: next } = body;
        const change = () => accounts.changePassword(accountId, current, next, uid);
        const verdict = await ruled(record, 'password.change', change);
        if (verdict.outcome === 'refused') {
          await record('password.change', { reason: verdict.reason });
          if (verdict.lockedNow) await record('user.lock', { reason: 'too_many_guesses' });
          // Not 401: the session token is good, and clients drop one that is not.
          throw unprocessable('a rule says no', [WRONG_PASSWORD]);
        }
        await sessionList.endAll(accountId, { except: uid });
        await record('password.change');
      },
    }),
  ];
}

function toWire(account: Account, session: ApiSession | undefined): z.output<typeof me> {
  return {
    id: account.id,
    username: account.username,
    email: account.email ?? null,
    name: account.name ?? null,
    has_password: account.hasPassword,
    acr: session?.acr ?? null,
    amr: [...(session?.amr ?? [])],
    auth_time: session ? new Date(session.authTime * 1000).toISOString() : null,
    created_at: account.createdAt.toISOString(),
    updated_at: account.updatedAt.toISOString(),
  };
}
