import { z } from 'zod';
import { NotFound } from '#src/oauth/problems.ts';
import {
  GRANT_POSITION,
  type ListedSession,
  type Revocation,
  SESSION_POSITION,
  type SessionList,
  type TokenList,
} from '#src/tokens/index.ts';
import { pageOf, pageQueryOf, readPage } from '../pages.ts';
import { type AnyRoute, route } from '../route.ts';
import { grantPage, toWire as toGrantWire } from './grants.ts';
import { session as listedSession, toWire as toSessionWire } from './user-sessions.ts';

const ownSession = z
  .object({
    ...listedSession.shape,
    current: z.boolean().meta({ description: 'Of the session token of this request' }),
  })
  .meta({ id: 'MySession' });
const ownSessionPage = pageOf('MySessionPage', ownSession);

export interface MeSessionRouteDeps {
  readonly sessionList: Pick<SessionList, 'list' | 'end' | 'endAll'>;
  readonly tokenList: Pick<TokenList, 'listGrants'>;
  readonly revocation: Pick<Revocation, 'endGrant'>;
}

/** Where somebody is signed in, and what apps may do for them: seen and ended by themselves. */
export function meSessionRoutes({ sessionList, tokenList, revocation }: MeSessionRouteDeps): AnyRoute[] {
  const whose = (_params: unknown, _result: unknown, by: string) => by;

  return [
    route({
      method: 'GET',
      path: '/me/sessions',
      session: 'full',
      pat: 'account:read',
      summary: 'List where I am signed in, newest sign-in first',
      query: pageQueryOf(SESSION_POSITION),
      status: 200,
      result: ownSessionPage,
      handle({ accountId, session, query }) {
        const toWire = (one: ListedSession) => ({ ...toSessionWire(one), current: one.id === session?.uid });
        return readPage((page) => sessionList.list(accountId, page), query, toWire, '');
      },
    }),
    route({
      method: 'DELETE',
      path: '/me/sessions',
      session: 'full',
      pat: 'account:write',
      summary: 'Sign me out everywhere else',
      audit: { self: ['session.end'] },
      status: 204,
      async handle({ accountId, session, record }) {
        const others = await sessionList.endAll(accountId, { except: session?.uid });
        await record('session.end', { data: { others } });
      },
    }),
    route({
      method: 'DELETE',
      path: '/me/sessions/:session_id',
      session: 'full',
      pat: 'account:write',
      summary: 'Sign me out in one place',
      audit: 'session.end',
      target: whose,
      status: 204,
      async handle({ accountId, params }) {
        if (!(await sessionList.end(accountId, params.session_id))) throw new NotFound('session');
      },
    }),
    route({
      method: 'GET',
      path: '/me/grants',
      session: 'full',
      pat: 'account:read',
      summary: 'List what I have allowed apps to do, newest first',
      query: pageQueryOf(GRANT_POSITION),
      status: 200,
      result: grantPage,
      handle: ({ accountId, query }) =>
        readPage((page) => tokenList.listGrants(accountId, page), query, toGrantWire, ''),
    }),
    route({
      method: 'DELETE',
      path: '/me/grants/:grant_id',
      session: 'full',
      pat: 'account:write',
      summary: 'Withdraw what I have allowed an app, and all tokens that came of it',
      audit: 'grant.end',
      target: whose,
      status: 204,
      handle: ({ accountId, params, by }) => revocation.endGrant(accountId, params.grant_id, by),
    }),
  ];
}
