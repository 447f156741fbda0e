/** Claims about a person: scopes decide who is told what (OpenID Connect Core §5.4), in ID tokens and at UserInfo alike. */
import type { Account, Accounts } from '#src/accounts/index.ts';
import { CLAIMS_OF_SCOPE } from '#src/oauth/scopes.ts';

/** @returns undefined when there is nobody any more, or their claims lie elsewhere (Core §5.6.2), which is the engine's */
export async function findPerson(
  accounts: Pick<Accounts, 'find'>,
  id: string | undefined,
): Promise<Account | undefined> {
  const account = id === undefined ? undefined : await accounts.find(id);
  return !account || account.disabled || '_claim_names' in account.claims ? undefined : account;
}

/** What these scopes stand for of what is known, in their order. */
export function claimsOfScopes(
  scopes: readonly string[],
  known: Readonly<Record<string, unknown>>,
): Record<string, unknown> {
  const told = scopes.flatMap((scope) => CLAIMS_OF_SCOPE[scope] ?? []).filter((name) => name in known);
  return Object.fromEntries(told.map((name) => [name, known[name]]));
}
