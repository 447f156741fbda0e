import { NotFound } from '#src/oauth/problems.ts';
import type { AccountRow } from './queries.ts';

const UUID = /^[0-9a-f]{8}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{12}$/;

/** What an administrator decides about a user, apart from password, policy and being disabled. */
export interface Profile {
  readonly username: string;
  readonly email: string | undefined;
  readonly name: string | undefined;
  /** Further OpenID Connect claims about the user. */
  readonly claims: Record<string, unknown>;
}

/** What users may say of themselves. Undefined leaves it as it is, null takes it away. */
export interface OwnProfile {
  readonly name?: string | null | undefined;
  readonly email?: string | null | undefined;
}

export interface Account extends Profile {
  readonly id: string;
  readonly policyId: string;
  readonly hasPassword: boolean;
  readonly passwordChangedAt: Date | undefined;
  /** Another one since: what was proved with an earlier password is proved no more. */
  readonly passwordVersion: number;
  /** Somebody wants the user to choose another password when they sign in next. */
  readonly mustChangePassword: boolean;
  /** Now: a time-out that has passed counts as enabled. */
  readonly disabled: boolean;
  readonly disabledUntil: Date | undefined;
  readonly createdAt: Date;
  readonly updatedAt: Date;
}

export function toAccount(row: AccountRow): Account {
  return {
    id: row.id,
    username: row.username,
    email: row.email ?? undefined,
    name: row.name ?? undefined,
    claims: row.claims,
    policyId: row.policy_id,
    hasPassword: row.has_password,
    passwordChangedAt: (row.has_password && row.password_changed_at) || undefined,
    passwordVersion: row.password_version,
    mustChangePassword: row.must_change_password,
    disabled: row.is_disabled,
    disabledUntil: row.is_disabled ? (row.disabled_until ?? undefined) : undefined,
    createdAt: row.created_at,
    updatedAt: row.updated_at,
  };
}

/** What is no id names nobody; asking Postgres would be a cast error. */
export const isAccountId = (id: string) => UUID.test(id);

/** @throws {NotFound} */
export function requireId(id: string): void {
  if (!isAccountId(id)) throw new NotFound('user');
}

/** @throws {NotFound} when there is none */
export function found(row: AccountRow | undefined): Account {
  if (!row) throw new NotFound('user');
  return toAccount(row);
}

/** All we know, by the names of OpenID Connect; scopes decide who is told what. Own members win over free-form claims. */
export function accountClaims(account: Account): { sub: string; [claim: string]: unknown } {
  return {
    ...account.claims,
    ...(account.name !== undefined && { name: account.name }),
    ...(account.email !== undefined && { email: account.email }),
    preferred_username: account.username,
    updated_at: Math.floor(account.updatedAt.getTime() / 1000),
    sub: account.id,
  };
}
