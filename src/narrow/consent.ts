/** What a person agreed to, of what a token was asked for. */
import type { FoundToken, Grant } from '#src/tokens/index.ts';
import { isUnderstood } from './carried.ts';

export interface Consent {
  readonly grant: Grant;
  /** All the scopes that were asked for, agreed to or not. */
  readonly asked: ReadonlySet<string>;
  /** OpenID Connect's scopes among them that were agreed to, in the order of the agreement. */
  readonly oidcScopes: readonly string[];
  /** The scopes agreed to of each API. */
  readonly resources: Readonly<Record<string, string>>;
}

/** @returns undefined when it is not as plain as scopes that were asked for and agreed to */
export function consentOf(token: FoundToken): Consent | undefined {
  // Where no scope was asked for, the answer has none.
  const { grant, scope } = token;
  if (!grant || !scope || !isUnderstood(token)) return undefined;

  const { openid, resources = {}, rejected, rar } = grant.consented as Consented;
  // Something was not agreed to: what that leaves, the engine says.
  if (rejected || rar) return undefined;
  const asked = new Set(named(scope));
  return { grant, asked, resources, oidcScopes: named(openid?.scope).filter((name) => asked.has(name)) };
}

/** A grant's `consented`, in the engine's words. */
interface Consented {
  readonly openid?: { readonly scope?: string };
  readonly resources?: Readonly<Record<string, string>>;
  readonly rejected?: object;
  readonly rar?: object;
}

export const named = (scope: string | undefined): string[] => scope?.split(' ') ?? [];
