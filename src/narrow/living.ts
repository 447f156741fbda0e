import type { FoundToken, Grant, Token } from '#src/tokens/index.ts';

/** Neither used up nor over, and of a grant that is its own: asked of every token, whatever it is shown for. */
export function isLiving(token: FoundToken): boolean {
  if (token.consumedAt !== undefined || token.expiresAt <= Date.now() / 1000) return false;
  return token.grantId === undefined || isOf(token, token.grant);
}

function isOf(token: Token, grant: Grant | undefined): boolean {
  if (!grant || grant.expiresAt <= Date.now() / 1000) return false;
  return grant.clientId === token.clientId && grant.accountId === token.accountId;
}
