import { z } from 'zod';
import type { Account, Accounts, NewPassword, Profile } from '#src/accounts/index.ts';
import { found } from '../found.ts';
import { freeObject, patchOf, seconds, timestamp } from '../members.ts';
import { mergePatch } from '../merge-patch.ts';
import { pageOf, pageQuery, readPage } from '../pages.ts';
import { parse } from '../parse.ts';
import { type AnyRoute, route } from '../route.ts';

const profile = {
  username: z.string().min(1).max(128),
  email: z.email().max(254).optional(),
  name: z
    .string()
    .min(1)
    .max(200)
    .regex(/^[^\p{Cc}]*$/u, 'must not contain control characters')
    .optional(),
  claims: freeObject.optional().meta({ description: 'Further OpenID Connect claims' }),
};

const credentials = {
  password: z.string().max(4096).optional().meta({ description: '8 to 1024 bytes; never shown', writeOnly: true }),
  password_hash: z
    .string()
    .max(512)
    .optional()
    .meta({ description: 'Instead of password: $argon2id$ in PHC string format', writeOnly: true }),
  disabled: z.boolean().optional().meta({ default: false }),
};

const notBoth = (body: Record<string, unknown>) => body.password == null || body.password_hash == null;
const NOT_BOTH = { path: ['password_hash'], message: 'use either password or password_hash' };

const newUser = z
  .strictObject({ ...profile, ...credentials })
  .refine(notBoth, NOT_BOTH)
  .meta({ id: 'NewUser' });
const changedUser = z.strictObject({ ...profile, ...credentials });
const userPatch = patchOf({ ...profile, ...credentials })
  .refine(notBoth, NOT_BOTH)
  .meta({ id: 'UserPatch' });

const timeOut = z
  .strictObject({
    duration: seconds(3_153_600_000).nullable().optional().meta({ description: 'null: until enabled again' }),
  })
  .meta({ id: 'TimeOut' });

const user = z
  .object({
    id: z.string(),
    username: z.string(),
    email: z.string().nullable(),
    name: z.string().nullable(),
    claims: z.record(z.string(), z.unknown()),
    has_password: z.boolean(),
    disabled: z.boolean(),
    disabled_until: timestamp.nullable(),
    created_at: timestamp,
    updated_at: timestamp,
  })
  .meta({ id: 'User' });
const userPage = pageOf('UserPage', user);

export function userRoutes(accounts: Accounts): AnyRoute[] {
  return [
    route({
      method: 'GET',
      path: '/users',
      scope: 'users:read',
      summary: 'List users',
      query: pageQuery,
      status: 200,
      result: userPage,
      handle: ({ query }) => readPage(accounts.list, query, toWire),
    }),
    route({
      method: 'POST',
      path: '/users',
      scope: 'users:write',
      summary: 'Create a user',
      body: newUser,
      status: 201,
      result: user,
      location: ({ id }) => `/users/${id}`,
      async handle({ body }) {
        const { disabled = false } = body;
        return toWire(await accounts.create({ ...toProfile(body), password: toPassword(body) ?? null, disabled }));
      },
    }),
    route({
      method: 'GET',
      path: '/users/:id',
      scope: 'users:read',
      summary: 'Read a user',
      status: 200,
      result: user,
      handle: async ({ params }) => toWire(found('user', await accounts.find(params.id))),
    }),
    route({
      method: 'PATCH',
      path: '/users/:id',
      scope: 'users:write',
      summary: 'Change a user',
      body: userPatch,
      status: 200,
      result: user,
      async handle({ params, body }) {
        const profile = (present: Account) => toProfile(parse(changedUser, mergePatch(toEditable(present), body)));
        const disabled = toDisabled(body);
        return toWire(await accounts.update(params.id, { profile, password: toPassword(body), disabled }));
      },
    }),
    route({
      method: 'DELETE',
      path: '/users/:id',
      scope: 'users:write',
      summary: 'Delete a user',
      status: 204,
      handle: ({ params }) => accounts.remove(params.id),
    }),
    route({
      method: 'POST',
      path: '/users/:id/disable',
      scope: 'users:write',
      summary: 'Disable a user, for a time or until enabled again',
      body: timeOut,
      bodyOptional: true,
      status: 200,
      result: user,
      handle: async ({ params, body: { duration = null } }) => toWire(await accounts.disable(params.id, duration)),
    }),
    route({
      method: 'POST',
      path: '/users/:id/enable',
      scope: 'users:write',
      summary: 'Enable a user',
      status: 200,
      result: user,
      handle: async ({ params }) => toWire(await accounts.enable(params.id)),
    }),
  ];
}

/** Undefined: nothing was said of it. Null: take it away. */
function toPassword(body: Readonly<Record<string, unknown>>): NewPassword | undefined {
  if (typeof body.password === 'string') return { password: body.password };
  if (typeof body.password_hash === 'string') return { passwordHash: body.password_hash };
  return body.password === null || body.password_hash === null ? null : undefined;
}

/** Undefined: nothing was said of it. */
function toDisabled({ disabled }: Readonly<Record<string, unknown>>): boolean | undefined {
  return disabled === undefined ? undefined : disabled === true;
}

function toProfile({ username, email, name, claims = {} }: z.output<typeof changedUser>): Profile {
  return { username, email, name, claims };
}

/** The document that a merge patch is applied to. */
function toEditable({ username, email, name, claims }: Account): z.output<typeof changedUser> {
  return { username, email, name, claims };
}

function toWire(present: Account): z.output<typeof user> {
  return {
    id: present.id,
    username: present.username,
    email: present.email ?? null,
    name: present.name ?? null,
    claims: present.claims,
    has_password: present.hasPassword,
    disabled: present.disabled,
    disabled_until: present.disabledUntil?.toISOString() ?? null,
    created_at: present.createdAt.toISOString(),
    updated_at: present.updatedAt.toISOString(),
  };
}
