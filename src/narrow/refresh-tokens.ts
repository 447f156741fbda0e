/** Refresh tokens: the first one a code is exchanged for, and the one that comes after each. */
import type { Client } from '#src/clients/index.ts';
import { refreshTokenLifetime } from '#src/oauth/lifetimes.ts';
import type { Token, Tokens } from '#src/tokens/index.ts';
import type { Authorization } from './authorization.ts';

export function makeRefreshToken(
  { references }: Pick<Tokens, 'references'>,
  { token, accountId, grantId, remembered }: Authorization,
  client: Client,
  grantType: string,
): { readonly row: Token; readonly value: string } {
  // The engine's words, in which it reads them again: when the first of the family was issued, and how many came after it.
  const { iiat, rotations = 0 } = token.remainder as { iiat?: number; rotations?: number };
  const issuedAt = Math.floor(Date.now() / 1000);
  const firstIssuedAt = iiat ?? issuedAt;
  const value = references.newValue();
  const row: Token = {
    id: references.idOf('token', value),
    kind: 'refresh_token',
    format: 'opaque',
    clientId: client.id,
    accountId,
    grantId,
    grantType,
    scope: token.scope,
    audience: undefined,
    userCode: undefined,
    issuedAt,
    expiresAt: issuedAt + refreshTokenLifetime(firstIssuedAt, issuedAt, client.refreshTokenTtl),
    consumedAt: undefined,
    status: undefined,
    remainder: {
      ...remembered,
      iiat: firstIssuedAt,
      rotations: token.kind === 'refresh_token' ? rotations + 1 : 0,
    },
  };
  return { row, value };
}
