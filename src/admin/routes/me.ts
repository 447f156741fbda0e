import { z } from 'zod';
import type { Account, Accounts, OwnProfile } from '#src/accounts/index.ts';
import type { ApiSession } from '#src/sessions/index.ts';
import type { SessionList } from '#src/tokens/index.ts';
import { answerRefused } from '../authentication.ts';
import { found } from '../found.ts';
import { patchOf, timestamp } from '../members.ts';
import { type AnyRoute, route } from '../route.ts';
import { assertFresh } from '../session-token.ts';
import { notByPat } from '../who-asks.ts';

const OWN = { name: z.string().max(256).optional(), email: z.string().max(254).optional() };
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

export interface MeRouteDeps {
  readonly accounts: Pick<Accounts, 'find' | 'updateOwnProfile' | 'changePassword'>;
  readonly sessionList: Pick<SessionList, 'endAll'>;
}

/** Whoever is signed in, for themselves. */
export function meRoutes({ accounts, sessionList }: MeRouteDeps): AnyRoute[] {
  const own = async (accountId: string) => found('user', await accounts.find(accountId));
  const whose = (_params: unknown, _result: unknown, by: string) => by;

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
      audit: 'account.update',
      target: whose,
      body: ownPatch,
      status: 200,
      result: me,
      async handle({ accountId, session, body }) {
        // Whoever holds the address can have the password set anew.
        if ('email' in body) {
          if (!session) throw notByPat();
          assertFresh(session);
        }
        return toWire(await accounts.updateOwnProfile(accountId, body as OwnProfile), session);
      },
    }),
    route({
      method: 'POST',
      path: '/me/password',
      session: 'full',
      summary: 'Change my password; all my other sessions end',
      audit: 'password.change',
      target: whose,
      body: passwordChange,
      status: 204,
      async handle({ session: { accountId, uid }, body }) {
        const verdict = await accounts.changePassword(accountId, body.current_password, body.new_password);
        if (verdict.outcome === 'refused') throw answerRefused();
        await sessionList.endAll(accountId, { except: uid });
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
