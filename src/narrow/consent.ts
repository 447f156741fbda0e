/** What a person agreed to, of what a token was asked for. */
import type { FoundToken, Grant, TokenKind } from '#src/tokens/index.ts';

export interface Consent {
  readonly grant: Grant;
  /** All the scopes that were asked for, agreed to or not. */
  readonly asked: ReadonlySet<string>;
  /** OpenID Connect's scopes among them that were agreed to, in the order of the agreement. */
  readonly oidcScopes: readonly string[];
  /** The scopes agreed to of each API. */
  readonly resources: Readonly<Record<string, string>>;
}

/** What goes on from a code to its refresh token, and from each of these to the next. */
const CARRIED = ['acr', 'amr', 'authTime', 'nonce', 'resource', 'sessionUid', 'sid'] as const;

/**
 * Members that are understood here: a token that says anything else, that it is bound to a key or that claims were asked for
 * one by one, is the engine's.
 */
const UNDERSTOOD: Partial<Record<TokenKind, ReadonlySet<string>>> = {
  authorization_code: new Set([...CARRIED, 'redirectUri', 'codeChallenge', 'codeChallengeMethod']),
  refresh_token: new Set([...CARRIED, 'iiat', 'rotations']),
  access_token: new Set(['extra', 'sessionUid', 'sid']),
};

/** @returns undefined when it is not as plain as scopes that were asked for and agreed to */
export function consentOf({ grant, kind, remainder, scope }: FoundToken): Consent | undefined {
  // Where no scope was asked for, the answer has none.
  if (!grant || !scope) return undefined;
  for (const name in remainder) if (!UNDERSTOOD[kind]?.has(name)) return undefined;

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
