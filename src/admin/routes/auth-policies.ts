import type { AuthPolicy, Policies } from '#src/policies/index.ts';
import { found } from '../found.ts';
import { mergePatch } from '../merge-patch.ts';
import { pageQuery, readPage } from '../pages.ts';
import { parse } from '../parse.ts';
import { type AnyRoute, route } from '../route.ts';
import { newPolicy, policy, policyPage, policyPatch, toEditable, toSettings, toWire } from './auth-policy-members.ts';

export function authPolicyRoutes(policies: Policies): AnyRoute[] {
  return [
    route({
      method: 'GET',
      path: '/auth-policies',
      scope: 'policies:read',
      summary: 'List authentication policies',
      query: pageQuery,
      status: 200,
      result: policyPage,
      handle: ({ query }) => readPage(policies.list, query, toWire),
    }),
    route({
      method: 'POST',
      path: '/auth-policies',
      scope: 'policies:write',
      audit: 'auth_policy.create',
      target: (_params, made) => made && `auth_policy:${made.id}`,
      summary: 'Create an authentication policy; what is left out is as `default` was at first',
      body: newPolicy,
      status: 201,
      result: policy,
      location: ({ id }) => `/auth-policies/${id}`,
      handle: async ({ body }) => toWire(await policies.create(toSettings(body))),
    }),
    route({
      method: 'GET',
      path: '/auth-policies/:id',
      scope: 'policies:read',
      summary: 'Read an authentication policy',
      status: 200,
      result: policy,
      handle: async ({ params }) => toWire(found('authentication policy', await policies.find(params.id))),
    }),
    route({
      method: 'PATCH',
      path: '/auth-policies/:id',
      scope: 'policies:write',
      audit: 'auth_policy.update',
      target: ({ id }) => `auth_policy:${id}`,
      summary: 'Change an authentication policy',
      details: ({ body }) => ({ members: Object.keys(body) }),
      body: policyPatch,
      status: 200,
      result: policy,
      async handle({ params, body }) {
        const change = (present: AuthPolicy) => toSettings(parse(newPolicy, mergePatch(toEditable(present), body)));
        return toWire(await policies.update(params.id, change));
      },
    }),
    route({
      method: 'DELETE',
      path: '/auth-policies/:id',
      scope: 'policies:write',
      audit: 'auth_policy.delete',
      target: ({ id }) => `auth_policy:${id}`,
      summary: 'Delete an authentication policy that no user has',
      status: 204,
      handle: ({ params }) => policies.remove(params.id),
    }),
  ];
}
