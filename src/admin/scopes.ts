import type { AccountScope } from '#src/oauth/account-scopes.ts';
import type { AdminScope } from '#src/oauth/admin-scopes.ts';

/** `admin` holds everything, and who may write may read. */
export function covers(held: ReadonlySet<string>, needed: AdminScope): boolean {
  return held.has('admin') || holds(held, needed);
}

/** Nobody's account is part of `admin`. */
export function coversOwn(held: ReadonlySet<string>, needed: AccountScope): boolean {
  return holds(held, needed);
}

function holds(held: ReadonlySet<string>, needed: string): boolean {
  return held.has(needed) || (needed.endsWith(':read') && held.has(needed.replace(':read', ':write')));
}
