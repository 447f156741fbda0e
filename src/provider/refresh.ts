import type { Configuration } from 'oidc-provider';
import { REFRESH_GRANT } from '#src/oauth/grant-types.ts';

/** A client registered for refresh tokens gets them, offline_access or not: without it they end at sign-out. */
export const issueRefreshToken: Configuration['issueRefreshToken'] = async (_ctx, client) =>
  client.grantTypeAllowed(REFRESH_GRANT);

/** Every use makes a new one: a stolen copy shows itself by being used twice (RFC 9700 §4.14.2). */
export const rotateRefreshToken = true;

/**
 * Tokens are not bound to the browser session one by one: their grant is (`consent.ts`), which ends them all in one row
 * and costs nothing when a token is read.
 */
export const expiresWithSession: Configuration['expiresWithSession'] = async () => false;

/** Revoking a single access token leaves the grant, and so the refresh token; everything else ends the grant. */
export const revokeGrantPolicy: Configuration['revokeGrantPolicy'] = (ctx) =>
  !(ctx.oidc.route === 'revocation' && ctx.oidc.entities.AccessToken);
