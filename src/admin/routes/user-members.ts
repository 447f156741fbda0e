import { z } from 'zod';
import type { Account, Lock, NewPassword, Profile } from '#src/accounts/index.ts';
import { DEFAULT_POLICY } from '#src/policies/index.ts';
import { freeObject, patchOf, seconds, timestamp } from '../members.ts';
import { mergePatch } from '../merge-patch.ts';
import { pageOf } from '../pages.ts';
import { parse } from '../parse.ts';

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

const PASSWORD = "At most 1024 bytes, and as the user's policy wants it; ends their sessions; never shown";
const PASSWORD_HASH =
  'Instead of password: Argon2, bcrypt, PBKDF2 or scrypt of another system; replaced when the user signs in';

const decisions = {
  password: z.string().max(4096).optional().meta({ description: PASSWORD, writeOnly: true }),
  password_hash: z.string().max(512).optional().meta({ description: PASSWORD_HASH, writeOnly: true }),
  must_change_password: z
    .boolean()
    .optional()
    .meta({ default: false, description: 'They choose another password when they sign in next' }),
  policy_id: z.string().min(1).max(64).optional().meta({ default: DEFAULT_POLICY }),
  disabled: z.boolean().optional().meta({ default: false }),
};

const notBoth = (body: Record<string, unknown>) => body.password == null || body.password_hash == null;
const NOT_BOTH = { path: ['password_hash'], message: 'use either password or password_hash' };

export const newUser = z
  .strictObject({ ...profile, ...decisions })
  .refine(notBoth, NOT_BOTH)
  .meta({ id: 'NewUser' });
const changedUser = z.strictObject({ ...profile, ...decisions });
export const userPatch = patchOf({ ...profile, ...decisions })
  .refine(notBoth, NOT_BOTH)
  .meta({ id: 'UserPatch' });

export const timeOut = z
  .strictObject({
    duration: seconds(3_153_600_000).nullable().optional().meta({ description: 'null: until enabled again' }),
  })
  .meta({ id: 'TimeOut' });

const SHORTEST_LINK = 60;
const LONGEST_LINK = 604_800;
export const DEFAULT_LINK = 86_400;

export const newResetLink = z
  .strictObject({
    expires_in: z
      .int()
      .min(SHORTEST_LINK)
      .max(LONGEST_LINK)
      .optional()
      .meta({ default: DEFAULT_LINK, description: 'Seconds' }),
  })
  .meta({ id: 'NewPasswordReset' });

export const resetLink = z
  .object({
    link: z.url().meta({ description: 'Opens a page that sets a new password, once; not shown again' }),
    expires_at: timestamp,
  })
  .meta({ id: 'PasswordReset' });

export const user = z
  .object({
    id: z.string(),
    username: z.string(),
    email: z.string().nullable(),
    name: z.string().nullable(),
    claims: z.record(z.string(), z.unknown()),
    policy_id: z.string(),
    has_password: z.boolean(),
    password_changed_at: timestamp.nullable(),
    must_change_password: z.boolean(),
    locked: z.boolean().meta({ description: 'Wrong guesses shut out browsers that have never signed in as this user' }),
    locked_until: timestamp.nullable().meta({ description: 'null beside locked: until enabled' }),
    disabled: z.boolean(),
    disabled_until: timestamp.nullable(),
    created_at: timestamp,
    updated_at: timestamp,
  })
  .meta({ id: 'User' });
export const userPage = pageOf('UserPage', user);

type Body = Readonly<Record<string, unknown>>;

/** Undefined: nothing was said of it. Null: take it away. */
export function toPassword(body: Body): NewPassword | undefined {
  if (typeof body.password === 'string') return { password: body.password };
  if (typeof body.password_hash === 'string') return { passwordHash: body.password_hash };
  return body.password === null || body.password_hash === null ? null : undefined;
}

/** Undefined: nothing was said of it. */
export function toDecisions({ disabled, must_change_password, policy_id }: Body) {
  return {
    disabled: disabled === undefined ? undefined : disabled === true,
    mustChangePassword: must_change_password === undefined ? undefined : must_change_password === true,
    policyId: policy_id === undefined ? undefined : String(policy_id ?? DEFAULT_POLICY),
  };
}

export function toProfile({ username, email, name, claims = {} }: z.output<typeof changedUser>): Profile {
  return { username, email, name, claims };
}

/** What a merge patch makes of the present profile. */
export function toChange(body: Body): (present: Account) => Profile {
  return ({ username, email, name, claims }) =>
    toProfile(parse(changedUser, mergePatch({ username, email, name, claims }, body)));
}

export interface Shown {
  readonly account: Account;
  readonly lock: Lock | undefined;
}

export function toWire({ account, lock }: Shown): z.output<typeof user> {
  return {
    id: account.id,
    username: account.username,
    email: account.email ?? null,
    name: account.name ?? null,
    claims: account.claims,
    policy_id: account.policyId,
    has_password: account.hasPassword,
    password_changed_at: account.passwordChangedAt?.toISOString() ?? null,
    must_change_password: account.mustChangePassword,
    locked: lock !== undefined,
    locked_until: lock instanceof Date ? lock.toISOString() : null,
    disabled: account.disabled,
    disabled_until: account.disabledUntil?.toISOString() ?? null,
    created_at: account.createdAt.toISOString(),
    updated_at: account.updatedAt.toISOString(),
  };
}
