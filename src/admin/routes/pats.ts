import { z } from 'zod';
import type { Accounts } from '#src/accounts/index.ts';
import { insufficientScope } from '#src/http/index.ts';
import type { MadePat, Pat, Pats } from '#src/pats/index.ts';
import { found } from '../found.ts';
import { pageOf, readPage } from '../pages.ts';
import {
  newPatMembers,
  patQuery,
  patShape,
  recordOf,
  shownOnce,
  toNewPat,
  toWire as toOwnWire,
} from '../pat-members.ts';
import { type AnyRoute, route } from '../route.ts';
import { covers } from '../scopes.ts';

const WHAT = 'personal access token';
const MAKES = 'users:write';

const { id, ...rest } = patShape;
const shape = { id, user_id: z.string(), ...rest };
const pat = z.object(shape).meta({ id: 'Pat' });
const madePat = z.object({ ...shape, ...shownOnce }).meta({ id: 'MadePat' });
const newPat = z.strictObject({ user_id: z.uuid(), ...newPatMembers }).meta({ id: 'NewPat' });
const patPage = pageOf('PatPage', pat);

const toWire = (of: Pat) => ({ ...toOwnWire(of), user_id: of.accountId });
const toMadeWire = ({ pat: made, token }: MadePat) => ({ ...toWire(made), token });

const ID = /^[0-9a-f]{64}$/;

export interface PatRouteDeps {
  readonly accounts: Pick<Accounts, 'find'>;
  readonly pats: Pats;
}

/** Everybody's personal access tokens, for administrators. */
export function patRoutes({ accounts, pats }: PatRouteDeps): AnyRoute[] {
  return [
    route({
      method: 'GET',
      path: '/pats',
      scope: 'tokens:read',
      summary: 'List personal access tokens, newest first; never their values',
      query: patQuery.extend({ user_id: z.uuid().optional() }),
      status: 200,
      result: patPage,
      handle: ({ query: { limit, cursor, user_id: accountId, ...filter } }) =>
        readPage((page) => pats.list({ ...filter, accountId }, page), { limit, cursor }, toWire, ''),
    }),
    route({
      method: 'POST',
      path: '/pats',
      scope: 'tokens:write',
      summary: `Make a personal access token for a user; takes the scope ${MAKES} too`,
      audit: 'pat.create',
      target: (_params, made) => made && `user:${made.user_id}`,
      details: (_request, made) => recordOf(made),
      body: newPat,
      status: 201,
      result: madePat,
      location: ({ id: of }) => `/pats/${of}`,
      async handle({ body: { user_id, ...wanted }, scopes, from }) {
        // To hold somebody's token is to act as them, which only those can do already who set passwords.
        if (!covers(scopes, MAKES)) throw insufficientScope(MAKES);
        const { id: accountId } = found('user', await accounts.find(user_id));
        return toMadeWire(await pats.create(accountId, toNewPat(wanted), from));
      },
    }),
    route({
      method: 'GET',
      path: '/pats/:pat_id',
      scope: 'tokens:read',
      summary: 'Read what is known of a personal access token',
      status: 200,
      result: pat,
      handle: async ({ params }) => toWire(found(WHAT, await pats.find(undefined, params.pat_id))),
    }),
    route({
      method: 'DELETE',
      path: '/pats/:pat_id',
      scope: 'tokens:write',
      summary: 'Revoke a personal access token',
      audit: 'pat.revoke',
      // What is no id may be a value that somebody took for one.
      target: ({ pat_id }) => (ID.test(pat_id) ? `pat:${pat_id}` : undefined),
      status: 204,
      async handle({ params, by }) {
        if (await pats.revoke(undefined, params.pat_id, by)) return;
        found(WHAT, await pats.find(undefined, params.pat_id));
      },
    }),
  ];
}
