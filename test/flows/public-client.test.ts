import { describe, expect, test } from '@jest/globals';
import * as oauth from 'oauth4webapi';
import { adminApi, registerApi, registerClient, registerUser } from '../support/clients.ts';
import { ENGINES } from '../support/database.ts';
import { signIn } from '../support/flow.ts';
import { observedFetch } from '../support/http.ts';
import { startServer } from '../support/server.ts';

const REDIRECT_URI = 'com.example.things:/callback';
const insecure = { [oauth.allowInsecureRequests]: true, [oauth.customFetch]: observedFetch as never };

describe.each(ENGINES)('A native app, public, with oauth4webapi (RFC 8252) on %s', (engine) => {
  test('signs in with PKCE, refreshes, and revokes when the person signs out of it', async () => {
    const server = await startServer({ engine });
    const admin = await adminApi(server);
    await registerApi(admin);
    const user = await registerUser(admin);
    const { client_id } = await registerClient(admin, {
      application_type: 'native',
      redirect_uris: [REDIRECT_URI],
      token_endpoint_auth_method: 'none',
      scope: 'openid things:read',
    });
    const issuer = new URL(server.url);
    const as = await oauth.processDiscoveryResponse(issuer, await oauth.discoveryRequest(issuer, insecure));
    const client: oauth.Client = { client_id };

    const verifier = oauth.generateRandomCodeVerifier();
    const state = oauth.generateRandomState();
    const url = new URL(as.authorization_endpoint as string);
    url.search = new URLSearchParams({
      client_id,
      response_type: 'code',
      redirect_uri: REDIRECT_URI,
      scope: 'openid things:read',
      state,
      code_challenge: await oauth.calculatePKCECodeChallenge(verifier),
      code_challenge_method: 'S256',
    }).toString();
    const callback = await signIn(url, { ...user, redirectUri: REDIRECT_URI });
    const params = oauth.validateAuthResponse(as, client, callback, state);

    const tokens = await oauth.processAuthorizationCodeResponse(
      as,
      client,
      await oauth.authorizationCodeGrantRequest(as, client, oauth.None(), params, REDIRECT_URI, verifier, insecure),
      { requireIdToken: true },
    );
    expect(oauth.getValidatedIdTokenClaims(tokens)).toMatchObject({ sub: user.id, aud: client_id });

    const refresh = (token: string) => oauth.refreshTokenGrantRequest(as, client, oauth.None(), token, insecure);
    const refreshed = await oauth.processRefreshTokenResponse(
      as,
      client,
      await refresh(tokens.refresh_token as string),
    );

    const latest = refreshed.refresh_token as string;
    await oauth.processRevocationResponse(await oauth.revocationRequest(as, client, oauth.None(), latest, insecure));
    await expect(oauth.processRefreshTokenResponse(as, client, await refresh(latest))).rejects.toMatchObject({
      error: 'invalid_grant',
    });
  });
});
