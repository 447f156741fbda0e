import { z } from 'zod';
import type { Accounts } from '#src/accounts/index.ts';
import { NotFound } from '#src/oauth/problems.ts';
import { type ListedSession, SESSION_POSITION, type SessionList } from '#src/tokens/index.ts';
import { found } from '../found.ts';
import { timestamp } from '../members.ts';
import { pageOf, pageQueryOf, readPage } from '../pages.ts';
import { type AnyRoute, route } from '../route.ts';

export const session = z
  .object({
    id: z.string(),
    kind: z.enum(['browser', 'api']).meta({ description: 'api: a session token of the headless sign-in' }),
    ip: z.string().nullable().meta({ description: 'Where it was signed in from' }),
    user_agent: z.string().nullable().meta({ description: 'What the program said of itself' }),
    created_at: timestamp.meta({ description: 'When they signed in' }),
    last_used_at: timestamp.meta({ description: 'To the minute or two' }),
    expires_at: timestamp,
    amr: z.array(z.string()).meta({ description: 'What they proved (RFC 8176)' }),
    acr: z.string().nullable(),
  })
  .meta({ id: 'Session' });

const sessionPage = pageOf('SessionPage', session);

export interface UserSessionRouteDeps {
  readonly accounts: Pick<Accounts, 'find'>;
  readonly sessionList: Pick<SessionList, 'list' | 'end' | 'endAll'>;
}

/** Where a user is signed in. Ending a session leaves what apps were allowed to do without the user: see grants. */
export function userSessionRoutes({ accounts, sessionList }: UserSessionRouteDeps): AnyRoute[] {
  const userId = async (id: string) => found('user', await accounts.find(id)).id;
  return [
    route({
      method: 'GET',
      path: '/users/:id/sessions',
      scope: 'users:read',
      summary: 'List where a user is signed in, newest sign-in first',
      query: pageQueryOf(SESSION_POSITION),
      status: 200,
      result: sessionPage,
      async handle({ params, query }) {
        const id = await userId(params.id);
        return readPage((page) => sessionList.list(id, page), query, toWire, '');
      },
    }),
    route({
      method: 'DELETE',
      path: '/users/:id/sessions',
      scope: 'users:write',
      summary: 'Sign a user out everywhere',
      audit: 'user_session.end_all',
      target: ({ id }) => `user:${id}`,
      status: 204,
      async handle({ params }) {
        await sessionList.endAll(await userId(params.id));
      },
    }),
    route({
      method: 'DELETE',
      path: '/users/:id/sessions/:session_id',
      scope: 'users:write',
      summary: 'Sign a user out in one place',
      audit: 'user_session.end',
      target: ({ id }) => `user:${id}`,
      status: 204,
      async handle({ params }) {
        if (!(await sessionList.end(await userId(params.id), params.session_id))) throw new NotFound('session');
      },
    }),
  ];
}

export function toWire(listed: ListedSession): z.output<typeof session> {
  return {
    id: listed.id,
    kind: listed.kind,
    ip: listed.ip ?? null,
    user_agent: listed.userAgent ?? null,
    created_at: listed.createdAt.toISOString(),
    last_used_at: listed.lastUsedAt.toISOString(),
    expires_at: listed.expiresAt.toISOString(),
    amr: [...listed.amr],
    acr: listed.acr ?? null,
  };
}
