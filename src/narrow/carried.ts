/** What tokens say of themselves beside their columns, as far as it is understood here. */
import type { Authentication } from '#src/oauth/authentication-claims.ts';
import type { Token, TokenKind } from '#src/tokens/index.ts';

/** What goes on from a code to its refresh token, and from each of these to the next. */
export interface Remembered extends Authentication {
  readonly nonce?: string;
  readonly resource?: string;
  readonly sessionUid?: string;
  readonly sid?: string;
}

const CARRIED = [
  'acr',
  'amr',
  'authTime',
  'nonce',
  'resource',
  'sessionUid',
  'sid',
] as const satisfies readonly (keyof Remembered)[];

/**
 * A token that says anything else, that it is bound to a key or that claims were asked for one by one, is the engine's.
 */
const UNDERSTOOD: Partial<Record<TokenKind, ReadonlySet<string>>> = {
  authorization_code: new Set([...CARRIED, 'redirectUri', 'codeChallenge', 'codeChallengeMethod']),
  refresh_token: new Set([...CARRIED, 'iiat', 'rotations']),
  access_token: new Set(['extra', 'sessionUid', 'sid']),
};

export function isUnderstood({ kind, remainder }: Token): boolean {
  for (const name in remainder) if (!UNDERSTOOD[kind]?.has(name)) return false;
  return true;
}

/** Whatever is understood goes on: what is carried and not named here does not compile. */
export function rememberedOf({ acr, amr, authTime, nonce, resource, sessionUid, sid }: Token['remainder']): Remembered {
  const remembered = { acr, amr, authTime, nonce, resource, sessionUid, sid };
  return remembered satisfies Record<(typeof CARRIED)[number], unknown> as Remembered;
}
