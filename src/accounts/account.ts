import type { AccountRow } from './queries.ts';

/** What an administrator decides about a user, apart from password and being disabled. */
export interface Profile {
  readonly username: string;
  readonly email: string | undefined;
  readonly name: string | undefined;
  /** Further OpenID Connect claims about the user. */
  readonly claims: Record<string, unknown>;
}

export interface Account extends Profile {
  readonly id: string;
  readonly hasPassword: boolean;
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
    hasPassword: row.has_password,
    disabled: row.is_disabled,
    disabledUntil: row.is_disabled ? (row.disabled_until ?? undefined) : undefined,
    createdAt: row.created_at,
    updatedAt: row.updated_at,
  };
}
