import { z } from 'zod';
import type { MadePat, Pats } from '#src/pats/index.ts';
import { found } from '../found.ts';
import { pageOf, readPage } from '../pages.ts';
import { newPatMembers, patQuery, patShape, recordOf, rotation, shownOnce, toNewPat, toWire } from '../pat-members.ts';
import { type AnyRoute, route } from '../route.ts';
import { revoked } from './tokens.ts';

const WHAT = 'personal access token';

const newPat = z.strictObject(newPatMembers).meta({ id: 'NewMyPat' });
const pat = z.object(patShape).meta({ id: 'MyPat' });
const madePat = z.object({ ...patShape, ...shownOnce }).meta({ id: 'MadeMyPat' });
const patPage = pageOf('MyPatPage', pat);

const toMadeWire = ({ pat: made, token }: MadePat) => ({ ...toWire(made), token });

export interface MePatRouteDeps {
  readonly pats: Pats;
}

/** Personal access tokens, by those whose they are. One is never made by another one. */
export function mePatRoutes({ pats }: MePatRouteDeps): AnyRoute[] {
  const whose = (_params: unknown, _result: unknown, by: string) => by;

  return [
    route({
      method: 'GET',
      path: '/me/pats',
      session: 'full',
      pat: 'account:read',
      summary: 'List my personal access tokens, newest first; never their values',
      query: patQuery,
      status: 200,
      result: patPage,
      handle: ({ accountId, query: { limit, cursor, ...filter } }) =>
        readPage((page) => pats.list({ ...filter, accountId }, page), { limit, cursor }, toWire, ''),
    }),
    route({
      method: 'POST',
      path: '/me/pats',
      session: 'fresh',
      summary: 'Make a personal access token',
      audit: 'pat.create',
      target: whose,
      details: (_request, made) => recordOf(made),
      body: newPat,
      status: 201,
      result: madePat,
      location: ({ id }) => `/me/pats/${id}`,
      handle: async ({ accountId, body, from }) => toMadeWire(await pats.create(accountId, toNewPat(body), from)),
    }),
    route({
      method: 'DELETE',
      path: '/me/pats',
      session: 'full',
      pat: 'account:write',
      summary: 'Revoke all my personal access tokens',
      audit: 'pat.revoke_all',
      target: whose,
      details: (_request, { revoked: ended }) => ({ revoked: ended }),
      status: 200,
      result: revoked,
      handle: async ({ accountId, by }) => ({ revoked: await pats.revokeAll(accountId, by) }),
    }),
    route({
      method: 'GET',
      path: '/me/pats/:pat_id',
      session: 'full',
      pat: 'account:read',
      summary: 'Read what is known of one of my personal access tokens',
      status: 200,
      result: pat,
      handle: async ({ accountId, params }) => toWire(found(WHAT, await pats.find(accountId, params.pat_id))),
    }),
    route({
      method: 'DELETE',
      path: '/me/pats/:pat_id',
      session: 'full',
      pat: 'account:write',
      summary: 'Revoke one of my personal access tokens',
      audit: 'pat.revoke',
      target: whose,
      status: 204,
      async handle({ accountId, params, by }) {
        // One that is dead already stays so: only what is not there, or not theirs, is not found.
        if (await pats.revoke(accountId, params.pat_id, by)) return;
        found(WHAT, await pats.find(accountId, params.pat_id));
      },
    }),
    route({
      method: 'POST',
      path: '/me/pats/:pat_id/rotate',
      session: 'fresh',
      summary: 'Replace one of my personal access tokens by a successor with the same rights',
      audit: 'pat.rotate',
      target: whose,
      details: ({ params }, made) => ({ ...params, successor: recordOf(made) }),
      body: rotation,
      bodyOptional: true,
      status: 201,
      result: madePat,
      location: ({ id }) => `/me/pats/${id}`,
      handle: async ({ accountId, params, body: { overlap = 0 }, from }) =>
        toMadeWire(await pats.rotate(accountId, params.pat_id, { overlap }, from)),
    }),
  ];
}
