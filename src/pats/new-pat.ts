import type { Api, ApiScope } from '#src/apis/index.ts';
import { ACCOUNT_SCOPES } from '#src/oauth/account-scopes.ts';
import { type Fault, Invalid } from '#src/oauth/problems.ts';
import { LONGEST_OVERLAP, type NewPat, type PatLimits } from './pat.ts';

const LONGEST_NAME = 100;
/** Visible, apart from blanks; a joiner holds the parts of one emoji together. */
const VISIBLE = /^(?:[^\p{C}\p{Zl}\p{Zp}]|\u200d)+$/u;

/**
 * What a personal access token for this API may be given. Of this server's own API only what is about one's own account,
 * so whoever holds a token gets at no more by it; these scopes are nobody else's, and an API of any other may call its own so.
 */
export function scopesOffered({ builtIn, scopes }: Pick<Api, 'builtIn' | 'scopes'>): readonly ApiScope[] {
  return builtIn ? ACCOUNT_SCOPES : scopes;
}

const namesOffered = (api: Api): Set<string> => new Set(scopesOffered(api).map(({ name }) => name));

/** What is left of `scopes` as the API is now; nothing once it is gone. */
export function cut(scopes: readonly string[], api: Api | undefined): string[] {
  const there = api ? namesOffered(api) : new Set<string>();
  return scopes.filter((scope) => there.has(scope));
}

/** What is asked for, complete and each scope once. @throws {Invalid} */
export function checkNewPat(
  wanted: NewPat,
  api: Api | undefined,
  { defaultDays, maxDays }: PatLimits,
): { name: string; scopes: string[]; api: Api; days: number } {
  const { name, expiresInDays: days = defaultDays } = wanted;
  const scopes = [...new Set(wanted.scopes)];
  const faults: Fault[] = [...checkName(name), ...checkScopes(scopes, api)];
  if (!api) faults.push({ path: 'audience', message: 'there is no such API' });
  if (!Number.isInteger(days) || days < 1 || days > maxDays) {
    faults.push({ path: 'expires_in_days', message: `must be a whole number, 1 to ${maxDays}` });
  }
  if (!api || faults.length > 0) throw new Invalid(faults);
  return { name: name.trim(), scopes, api, days };
}

function checkName(name: string): Fault[] {
  const fits = name.length <= 4 * LONGEST_NAME && [...name].length <= LONGEST_NAME;
  if (fits && name.trim() !== '' && VISIBLE.test(name) && name.isWellFormed()) return [];
  return [{ path: 'name', message: `must be 1 to ${LONGEST_NAME} visible characters` }];
}

function checkScopes(scopes: readonly string[], api: Api | undefined): Fault[] {
  if (scopes.length === 0) return [{ path: 'scopes', message: 'must name at least one scope' }];
  if (!api) return [];
  const there = namesOffered(api);
  const message = api.builtIn
    ? 'is not for personal access tokens: of this API they may have account:read and account:write'
    : 'is not a scope of this API';
  return scopes.flatMap((scope, i) => (there.has(scope) ? [] : [{ path: `scopes.${i}`, message }]));
}

/** @throws {Invalid} */
export function checkOverlap(overlap: number): void {
  if (Number.isInteger(overlap) && overlap >= 0 && overlap <= LONGEST_OVERLAP) return;
  throw new Invalid([{ path: 'overlap', message: `must be a whole number of seconds, 0 to ${LONGEST_OVERLAP}` }]);
}
