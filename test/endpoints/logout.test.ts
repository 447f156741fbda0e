import { createServer, type Server as HttpServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import { afterAll, beforeAll, describe, expect, test } from '@jest/globals';
import { createRemoteJWKSet, decodeJwt, jwtVerify } from 'jose';
import {
  REDIRECT_URI,
  type RegisteredClient,
  type RegisteredUser,
  registerApi,
  registerClient,
  registerUser,
} from '../support/clients.ts';
import { ENGINES } from '../support/database.ts';
import { eventually } from '../support/eventually.ts';
import { visitorFor } from '../support/flow.ts';
import type { Page, Visitor } from '../support/visitor.ts';
import { get, isActive, post, refreshed, signInFor, startWorld, type World } from './protocol.ts';

const AFTER = 'https://app.example/signed-out';

describe.each(ENGINES)('RP-initiated and back-channel logout on %s', (engine) => {
  let world: World;
  let user: RegisteredUser;
  let app: RegisteredClient;
  let receiver: HttpServer;
  let received: URLSearchParams[] = [];
  let answerWith = 200;

  beforeAll(async () => {
    world = await startWorld(engine);
    await registerApi(world.admin, { scopes: [{ name: 'jwt:read', description: 'See' }], access_token_format: 'jwt' });
    receiver = createServer((request, response) => {
      const chunks: Buffer[] = [];
      request.on('data', (chunk: Buffer) => chunks.push(chunk));
      request.on('end', () => {
        received.push(new URLSearchParams(Buffer.concat(chunks).toString()));
        response.writeHead(answerWith).end();
      });
    });
    await new Promise<void>((resolve) => receiver.listen(0, '127.0.0.1', resolve));
    const { port } = receiver.address() as AddressInfo;
    user = await registerUser(world.admin);
    app = await registerClient(world.admin, {
      scope: 'openid offline_access jwt:read',
      post_logout_redirect_uris: [AFTER],
      backchannel_logout_uri: `http://127.0.0.1:${port}/logout`,
      backchannel_logout_session_required: true,
    });
  });
  afterAll(() => new Promise<void>((resolve) => receiver.close(() => resolve())));

  /** Opens the logout page and says yes. @returns where it ends */
  async function signOut(visitor: Visitor, parameters: Record<string, string>): Promise<Page | URL> {
    received = [];
    const page = await visitor.open(`${world.server.url}/oauth/logout?${new URLSearchParams(parameters)}`);
    if (page instanceof URL) throw new Error('signed out without being asked');
    const form = page.forms.find(({ fields }) => fields.has('xsrf'));
    if (!form) throw new Error(`no question: ${page.status}`);
    const yes = form.buttons.find(({ name, value }) => name === 'logout' && value === 'yes');
    return visitor.submit(form, yes ? {} : { logout: 'yes' }, yes);
  }

  test('ends the session, the tokens of the sign-in, and tells the client by a signed logout token', async () => {
    const { tokens, out } = await signedIn();
    const end = await signOut(out, { id_token_hint: tokens.id_token, post_logout_redirect_uri: AFTER, state: 'bye' });
    expect(String(end)).toBe(`${AFTER}?state=bye`);

    expect(received).toHaveLength(1);
    const keys = createRemoteJWKSet(new URL(`${world.server.url}/oauth/jwks`));
    const { payload, protectedHeader } = await jwtVerify(received[0]?.get('logout_token') ?? '', keys, {
      issuer: world.server.issuer,
      audience: app.client_id,
      requiredClaims: ['iat', 'jti', 'exp'],
    });
    expect(protectedHeader).toMatchObject({ alg: 'RS256', typ: 'logout+jwt' });
    expect(payload).toMatchObject({
      sub: user.id,
      sid: decodeJwt(tokens.id_token).sid,
      events: { 'http://schemas.openid.net/event/backchannel-logout': {} },
    });
    expect(payload).not.toHaveProperty('nonce');

    expect(await isActive(world.server, tokens.access_token, app)).toBe(false);
    expect(await refreshed(world.server, tokens.refresh_token, app)).toMatchObject({
      body: { error: 'invalid_grant' },
    });
  });

  test('ends JWT access tokens of the sign-in too', async () => {
    const { tokens, out } = await signedIn({ scope: 'openid jwt:read' });
    expect(await isActive(world.server, tokens.access_token, app)).toBe(true);
    await signOut(out, { id_token_hint: tokens.id_token });
    expect(await isActive(world.server, tokens.access_token, app)).toBe(false);
  });

  test('what was granted for offline access goes on (Back-Channel Logout §2.7)', async () => {
    const { tokens, out } = await signedIn({ scope: 'openid offline_access', prompt: 'consent' });
    await signOut(out, { id_token_hint: tokens.id_token });
    expect(await isActive(world.server, tokens.refresh_token, app)).toBe(true);
    expect(await refreshed(world.server, tokens.refresh_token, app)).toMatchObject({ status: 200 });
  });

  test("leaves the same person's sign-in in another browser", async () => {
    const [here, there] = [await signedIn(), await signedIn()];
    await signOut(here.out, { id_token_hint: here.tokens.id_token });
    expect(await isActive(world.server, there.tokens.access_token, app)).toBe(true);
  });

  test('works when the client does not take its notice, and says so in the log', async () => {
    answerWith = 500;
    const { tokens, out } = await signedIn();
    const end = await signOut(out, { id_token_hint: tokens.id_token, post_logout_redirect_uri: AFTER });
    answerWith = 200;
    expect(String(end)).toBe(AFTER);
    expect(await isActive(world.server, tokens.access_token, app)).toBe(false);
    await eventually(() => world.server.output().includes('a client could not be told of a sign-out'));
  });

  test('the old session cookie opens nothing any more', async () => {
    const { tokens, out } = await signedIn();
    const cookies = out.cookies.header(`${world.server.url}/`);
    await signOut(out, { id_token_hint: tokens.id_token });
    const silent = new URLSearchParams({
      client_id: app.client_id,
      response_type: 'code',
      redirect_uri: REDIRECT_URI,
      scope: 'openid',
      prompt: 'none',
      code_challenge: 'A'.repeat(43),
      code_challenge_method: 'S256',
    });
    const answer = await get(world.server, `/oauth/authorize?${silent}`, { cookie: cookies, accept: 'text/html' });
    expect(answer.headers.get('location')).toMatch(/error=login_required/);
  });

  test('asks before it does anything: opening the page signs nobody out', async () => {
    const { tokens, out } = await signedIn();
    const page = await out.open(`${world.server.url}/oauth/logout?id_token_hint=${tokens.id_token}`);
    expect(page).toMatchObject({ status: 200 });
    expect(await isActive(world.server, tokens.access_token, app)).toBe(true);
  });

  test('a form without the secret of the page is refused', async () => {
    const { tokens, out } = await signedIn();
    await out.open(`${world.server.url}/oauth/logout?id_token_hint=${tokens.id_token}`);
    const cookie = out.cookies.header(`${world.server.url}/`);
    for (const xsrf of ['', 'A'.repeat(48)]) {
      const answer = await post(
        world.server,
        '/oauth/logout/confirm',
        { xsrf, logout: 'yes' },
        { headers: { cookie } },
      );
      expect(answer).toMatchObject({ status: 400 });
    }
    expect(await isActive(world.server, tokens.access_token, app)).toBe(true);
  });

  test.each<[what: string, parameters: () => Record<string, string>]>([
    [
      'an address that is not registered',
      () => ({ client_id: app.client_id, post_logout_redirect_uri: 'https://evil.example/' }),
    ],
    ['an address with a query more', () => ({ client_id: app.client_id, post_logout_redirect_uri: `${AFTER}?a=b` })],
    ['a hint that is no token', () => ({ id_token_hint: 'nonsense' })],
    [
      'a hint without signature',
      () => ({
        id_token_hint: `eyJhbGciOiJub25lIn0.${Buffer.from(JSON.stringify({ aud: app.client_id, iss: world.server.issuer, sub: user.id })).toString('base64url')}.`,
      }),
    ],
    ['an unknown client', () => ({ client_id: 'nobody' })],
  ])('with %s is an error page, never a redirect', async (_what, parameters) => {
    const answer = await get(world.server, `/oauth/logout?${new URLSearchParams(parameters())}`, {
      accept: 'text/html',
    });
    expect(answer.status).toBe(400);
    expect(answer.headers.get('location')).toBeNull();
    expect(answer.body).not.toContain('evil.example');
  });

  test('an address without a client is not followed', async () => {
    const out = visitorFor('https://evil.example/');
    const end = await out.open(
      `${world.server.url}/oauth/logout?post_logout_redirect_uri=https%3A%2F%2Fevil.example%2F`,
    );
    expect(end).not.toBeInstanceOf(URL);
  });

  async function signedIn(how: Record<string, string> = {}) {
    const browser = visitorFor(REDIRECT_URI);
    const tokens = await signInFor(world.server, app, user, { ...how, visitor: browser });
    // A sign-in stops at the client's redirect URI, a sign-out at its other address: the cookies move from one to the other.
    const out = visitorFor(AFTER);
    out.cookies.store(`${world.server.url}/`, new Headers(asSetCookies(browser)));
    return { tokens, out };
  }

  function asSetCookies(browser: Visitor): [string, string][] {
    return browser.cookies
      .header(`${world.server.url}/`)
      .split('; ')
      .map((pair) => ['set-cookie', `${pair}; path=/`]);
  }
});
