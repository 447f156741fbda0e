import { beforeAll, describe, expect, test } from '@jest/globals';
import * as client from 'openid-client';
import { configure } from '../flows/relying-party.ts';
import {
  REDIRECT_URI,
  type RegisteredClient,
  type RegisteredUser,
  registerClient,
  registerUser,
} from '../support/clients.ts';
import { ENGINES } from '../support/database.ts';
import { signIn, visitorFor } from '../support/flow.ts';
import { authorizationUrl, get, granted, pkce, post, startWorld, token, type World } from './protocol.ts';

const HTML = { accept: 'text/html' };

describe.each(ENGINES)('Pushed authorization requests (RFC 9126) on %s', (engine) => {
  let world: World;
  let user: RegisteredUser;
  let app: RegisteredClient;

  beforeAll(async () => {
    world = await startWorld(engine);
    user = await registerUser(world.admin);
    app = await registerClient(world.admin);
  });

  const parameters = (challenge = pkce().challenge) => ({
    response_type: 'code',
    redirect_uri: REDIRECT_URI,
    scope: 'openid email',
    code_challenge: challenge,
    code_challenge_method: 'S256',
  });
  const push = (changes = {}, as = app, path = '/oauth/par') =>
    post(world.server, path, { client_id: as.client_id, ...parameters(), ...changes }, { as });
  const openUrl = (request_uri: string, { client_id } = app) =>
    authorizationUrl(world.server, { client_id, request_uri });

  test('openid-client pushes a request and gets its tokens', async () => {
    const config = await configure(world.server, app);
    const verifier = client.randomPKCECodeVerifier();
    const url = await client.buildAuthorizationUrlWithPAR(config, {
      ...parameters(await client.calculatePKCECodeChallenge(verifier)),
    });
    expect([...url.searchParams.keys()].sort()).toEqual(['client_id', 'request_uri']);
    const callback = await signIn(url, { ...user, redirectUri: REDIRECT_URI });
    const tokens = await client.authorizationCodeGrant(config, callback, { pkceCodeVerifier: verifier });
    expect(tokens.claims()).toMatchObject({ sub: user.id, email: user.email });
  });

  test('answers 201 with a request_uri for a minute', async () => {
    expect(await push()).toMatchObject({
      status: 201,
      body: { expires_in: 60, request_uri: expect.stringMatching(/^urn:ietf:params:oauth:request_uri:[\w-]{20,}$/) },
    });
  });

  test('a request_uri that led to a code leads to nothing more (RFC 9126 §4)', async () => {
    const { verifier, challenge } = pkce();
    const pushed = (await push(parameters(challenge))).body.request_uri;
    const callback = await signIn(openUrl(pushed), { ...user, redirectUri: REDIRECT_URI });
    const exchange = {
      grant_type: 'authorization_code',
      code: callback.searchParams.get('code') ?? '',
      redirect_uri: REDIRECT_URI,
      code_verifier: verifier,
    };
    granted(await token(world.server, exchange, { as: app }));
    const again = await get(world.server, new URL(openUrl(pushed)).pathname + new URL(openUrl(pushed)).search, HTML);
    expect(again.headers.get('location') ?? '').not.toMatch(/\/login\/|code=/);
    expect(again.status === 400 || /error=invalid_request_uri/.test(again.headers.get('location') ?? '')).toBe(true);
  });

  test('two visitors with one request_uri get one code between them', async () => {
    const { challenge } = pkce();
    const pushed = (await push(parameters(challenge))).body.request_uri;
    const outcomes = await Promise.allSettled(
      [1, 2].map(() =>
        signIn(openUrl(pushed), { ...user, redirectUri: REDIRECT_URI, visitor: visitorFor(REDIRECT_URI) }),
      ),
    );
    const codes = outcomes.filter(
      (outcome) => outcome.status === 'fulfilled' && outcome.value.searchParams.has('code'),
    );
    expect(codes).toHaveLength(1);
  });

  test("another client cannot use a client's request_uri", async () => {
    const other = await registerClient(world.admin);
    const pushed = (await push()).body.request_uri;
    const url = new URL(openUrl(pushed, other));
    const answer = await get(world.server, url.pathname + url.search, HTML);
    expect(answer.headers.get('location') ?? '').not.toMatch(/\/login\//);
    // It stays good for its own.
    const own = new URL(openUrl(pushed));
    expect((await get(world.server, own.pathname + own.search, HTML)).headers.get('location')).toMatch(/\/login\//);
  });

  test('parameters beside the request_uri change nothing', async () => {
    const pushed = (await push({ scope: 'openid' })).body.request_uri;
    const url = `${openUrl(pushed)}&scope=openid%20email&redirect_uri=https%3A%2F%2Fattacker.example`;
    const page = await visitorFor(REDIRECT_URI).open(url);
    if (page instanceof URL) throw new Error('no sign-in page');
    expect(page.html).not.toContain('attacker.example');
  });

  test('an unknown request_uri is refused', async () => {
    const url = new URL(openUrl(`urn:ietf:params:oauth:request_uri:${'A'.repeat(43)}`));
    const answer = await get(world.server, url.pathname + url.search, HTML);
    expect(answer.headers.get('location')).toMatch(/^https:\/\/app\.example\/callback\?error=invalid_request_uri/);
  });

  test('the client authenticates, the request is checked before it is kept', async () => {
    const wrong = await push({}, { ...app, client_secret: 'wrong' });
    expect(wrong).toMatchObject({ status: 401, body: { error: 'invalid_client' } });
    const refused = await push({ redirect_uri: 'https://attacker.example/' });
    expect(refused).toMatchObject({ status: 400, body: { error: 'invalid_request' } });
    const scope = await push({ scope: 'openid no:such' });
    expect(scope).toMatchObject({ status: 400, body: { error: 'invalid_scope' } });
    const plain = await push({ code_challenge_method: 'plain' });
    expect(plain).toMatchObject({ status: 400, body: { error: 'invalid_request' } });
    const nested = await push({ request_uri: (await push()).body.request_uri });
    expect(nested.status).toBe(400);
  });

  test.each(['/OAUTH/PAR', '/oauth/par/'])('at %s works just as well', async (path) => {
    const pushed = await push({}, app, path);
    expect(pushed.status).toBe(201);
    const url = new URL(openUrl(pushed.body.request_uri));
    expect((await get(world.server, url.pathname + url.search, HTML)).headers.get('location')).toMatch(/\/login\//);
  });

  test('a client may be registered to push always', async () => {
    const strict = await registerClient(world.admin, { require_pushed_authorization_requests: true });
    const url = `/oauth/authorize?${new URLSearchParams({ client_id: strict.client_id, ...parameters() })}`;
    const plain = await get(world.server, url, HTML);
    expect(plain.headers.get('location') ?? '').toMatch(/error=invalid_request/);
    const pushed = await push({}, strict);
    expect(pushed.status).toBe(201);
  });
});
