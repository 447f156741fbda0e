import { beforeAll, describe, expect, test } from '@jest/globals';
import * as client from 'openid-client';
import { adminApi, REDIRECT_URI, registerApi, registerClient, registerUser } from '../support/clients.ts';
import { ENGINES } from '../support/database.ts';
import { signIn, visitorFor } from '../support/flow.ts';
import { type Server, startServer } from '../support/server.ts';
import { configure } from './relying-party.ts';

describe.each(ENGINES)('The authorization code grant with PKCE (RFC 6749 §4.1, RFC 7636) on %s', (engine) => {
  let server: Server;
  beforeAll(async () => {
    server = await startServer({ engine });
  });

  test('gives an ID token, an access token for the API and a refresh token, which is exchanged for new ones', async () => {
    const admin = await adminApi(server);
    const api = await registerApi(admin, { access_token_format: 'jwt' });
    const user = await registerUser(admin);
    const app = await registerClient(admin, { scope: 'openid profile email things:read' });
    const config = await configure(server, app);

    const verifier = client.randomPKCECodeVerifier();
    const nonce = client.randomNonce();
    const state = client.randomState();
    const url = client.buildAuthorizationUrl(config, {
      redirect_uri: REDIRECT_URI,
      scope: 'openid profile email things:read',
      code_challenge: await client.calculatePKCECodeChallenge(verifier),
      code_challenge_method: 'S256',
      nonce,
      state,
    });
    const callback = await signIn(url, { ...user, redirectUri: REDIRECT_URI });
    const tokens = await client.authorizationCodeGrant(config, callback, {
      pkceCodeVerifier: verifier,
      expectedNonce: nonce,
      expectedState: state,
    });

    expect(tokens.claims()).toMatchObject({
      iss: server.issuer,
      sub: user.id,
      preferred_username: user.username,
      email: user.email,
      amr: ['pwd'],
      auth_time: expect.any(Number),
    });
    const introspected = await client.tokenIntrospection(config, tokens.access_token);
    expect(introspected).toMatchObject({ active: true, aud: api.identifier, scope: 'things:read', sub: user.id });

    const refreshed = await client.refreshTokenGrant(config, tokens.refresh_token as string);
    expect(refreshed.refresh_token).not.toBe(tokens.refresh_token);
    expect(await client.tokenIntrospection(config, refreshed.access_token)).toMatchObject({ active: true });
  });

  test('remembers consent: a second sign-in in the same browser asks for nothing', async () => {
    const admin = await adminApi(server);
    const user = await registerUser(admin);
    const app = await registerClient(admin);
    const config = await configure(server, app);
    const visitor = visitorFor(REDIRECT_URI);
    const authorize = async () => {
      const verifier = client.randomPKCECodeVerifier();
      const url = client.buildAuthorizationUrl(config, {
        redirect_uri: REDIRECT_URI,
        scope: 'openid profile',
        code_challenge: await client.calculatePKCECodeChallenge(verifier),
        code_challenge_method: 'S256',
      });
      return { url: url.href, verifier };
    };

    const first = await authorize();
    const callback = await signIn(first.url, { ...user, redirectUri: REDIRECT_URI, visitor });
    const tokens = await client.authorizationCodeGrant(config, callback, { pkceCodeVerifier: first.verifier });

    const second = await authorize();
    const straight = await visitor.open(second.url);
    expect(straight).toBeInstanceOf(URL);
    await client.authorizationCodeGrant(config, straight as URL, { pkceCodeVerifier: second.verifier });
    // The other tab's tokens stay: each authorization is a grant of its own.
    expect(await client.tokenIntrospection(config, tokens.access_token)).toMatchObject({ active: true });
  });
});
