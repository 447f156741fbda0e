import type { TokenList, TokenStatus } from './listing.ts';

/** What introspection says of a token that is not active (RFC 7662 §2.2). */
export interface Inactive {
  readonly active: false;
  readonly inactive_reason?: Exclude<TokenStatus, 'live'>;
}

/** Of what is unknown, and to whom nothing more is said. */
export const INACTIVE: Inactive = Object.freeze({ active: false });

/**
 * Tells a token's own client why the token is not active: `expired`, `revoked` or `consumed`, for as long as the row is
 * kept. RFC 7662 §2.2 advises against telling a resource server; the client held the token and acts differently on each.
 */
export async function inactive(
  list: Pick<TokenList, 'find'>,
  tokenId: string,
  clientId: string | undefined,
): Promise<Inactive> {
  const token = await list.find(tokenId);
  const why = token && token.clientId === clientId && token.status !== 'live' ? token.status : undefined;
  return why ? { active: false, inactive_reason: why } : INACTIVE;
}
