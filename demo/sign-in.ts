/** The client's side of OpenID Connect, all of it by openid-client. */
import * as oidc from 'openid-client';
import { SCOPE } from './prepare.ts';
import type { Checks, Granted } from './sessions.ts';

export interface SignInOptions {
  readonly url: string;
  readonly issuer: string;
  readonly audience: string;
  readonly clientId: string;
  readonly clientSecret: string;
}

export interface SignIn {
  /** Where to send the browser, and what to expect when it comes back. */
  begin(): Promise<{ to: URL; checks: Checks }>;
  /** @throws when the answer is not the one expected, or the server says no */
  finish(callback: URL, checks: Checks): Promise<Granted>;
  refresh(before: Granted): Promise<Granted>;
  /** RP-initiated logout: the session at the server ends too (OpenID Connect RP-Initiated Logout 1.0 §2). */
  leave(granted: Granted): URL;
}

export async function createSignIn({ url, issuer, audience, clientId, clientSecret }: SignInOptions): Promise<SignIn> {
  const secret = oidc.ClientSecretBasic(clientSecret);
  // Loopback is the one place where plain http is no risk.
  const loopback = { execute: [oidc.allowInsecureRequests] };
  const server = await oidc.discovery(new URL(issuer), clientId, undefined, secret, loopback);

  return {
    async begin() {
      const checks = { verifier: oidc.randomPKCECodeVerifier(), state: oidc.randomState(), nonce: oidc.randomNonce() };
      const to = oidc.buildAuthorizationUrl(server, {
        redirect_uri: `${url}/callback`,
        scope: SCOPE,
        resource: audience,
        // Without it there is no offline_access, and so no refresh token (OpenID Connect Core 1.0 §11).
        prompt: 'consent',
        state: checks.state,
        nonce: checks.nonce,
        code_challenge: await oidc.calculatePKCECodeChallenge(checks.verifier),
        code_challenge_method: 'S256',
      });
      return { to, checks };
    },

    async finish(callback, { verifier, state, nonce }) {
      const checks = { pkceCodeVerifier: verifier, expectedState: state, expectedNonce: nonce, idTokenExpected: true };
      return toGranted(await oidc.authorizationCodeGrant(server, callback, checks, { resource: audience }));
    },

    async refresh(before) {
      const tokens = await oidc.refreshTokenGrant(server, before.refreshToken ?? '', { resource: audience });
      return { ...toGranted(tokens, before), refreshed: before.refreshed + 1 };
    },

    leave: ({ idToken }) =>
      oidc.buildEndSessionUrl(server, { id_token_hint: idToken, post_logout_redirect_uri: `${url}/signed-out` }),
  };
}

type Tokens = oidc.TokenEndpointResponse & oidc.TokenEndpointResponseHelpers;

/** A refresh may leave out what did not change (RFC 6749 §5.1, OpenID Connect Core 1.0 §12.2). */
function toGranted(tokens: Tokens, before?: Granted): Granted {
  return {
    claims: { ...(tokens.claims() ?? before?.claims) },
    scope: tokens.scope ?? before?.scope ?? SCOPE,
    accessToken: tokens.access_token,
    expiresAt: new Date(Date.now() + (tokens.expires_in ?? 0) * 1000),
    refreshToken: tokens.refresh_token ?? before?.refreshToken,
    idToken: tokens.id_token ?? before?.idToken ?? '',
    refreshed: 0,
  };
}
