import { beforeAll, describe, expect, test } from '@jest/globals';
import {
  REDIRECT_URI,
  type RegisteredClient,
  type RegisteredUser,
  registerApi,
  registerClient,
  registerUser,
} from '../support/clients.ts';
import { signIn, visitorFor } from '../support/flow.ts';
import { remember } from '../support/vault.ts';
import { authorizationUrl, authorize, get, granted, pkce, post, startWorld, token, type World } from './protocol.ts';

const HTML = { accept: 'text/html' };

describe('The authorization endpoint (RFC 6749 §3.1)', () => {
  let world: World;
  let user: RegisteredUser;
  let app: RegisteredClient;

  beforeAll(async () => {
    world = await startWorld('embedded');
    await registerApi(world.admin);
    user = await registerUser(world.admin);
    app = await registerClient(world.admin, { scope: 'openid email things:read' });
  });

  const request = (changes: Record<string, string | undefined> = {}): Record<string, string> => {
    const asked = {
      client_id: app.client_id,
      response_type: 'code',
      redirect_uri: REDIRECT_URI,
      scope: 'openid',
      state: 'as-it-was',
      code_challenge: pkce().challenge,
      code_challenge_method: 'S256',
      ...changes,
    };
    return Object.fromEntries(Object.entries(asked).filter((pair): pair is [string, string] => pair[1] !== undefined));
  };

  const ask = (changes: Record<string, string | undefined> = {}) =>
    get(world.server, `/oauth/authorize?${new URLSearchParams(request(changes))}`, HTML);

  test.each<[what: string, changes: Record<string, string | undefined>]>([
    ['no client_id', { client_id: undefined }],
    ['an unknown client_id', { client_id: 'nobody' }],
    ['no redirect_uri that fits', { redirect_uri: 'https://attacker.example/' }],
    ['a registered redirect_uri with a query more', { redirect_uri: `${REDIRECT_URI}?a=b` }],
    ['a registered redirect_uri with a path more', { redirect_uri: `${REDIRECT_URI}/../other` }],
    ['a registered redirect_uri with credentials', { redirect_uri: REDIRECT_URI.replace('//', '//evil@') }],
    ['a registered redirect_uri over http', { redirect_uri: REDIRECT_URI.replace('https', 'http') }],
    ['another case of the host', { redirect_uri: REDIRECT_URI.replace('app', 'APP') }],
    ['a javascript: redirect_uri', { redirect_uri: 'javascript:alert(1)' }],
    ['a redirect_uri that is none', { redirect_uri: 'nonsense' }],
  ])('with %s shows an error page and redirects nowhere (RFC 6749 §4.1.2.1)', async (_what, changes) => {
    const { status, headers, body } = await ask(changes);
    expect(status).toBe(400);
    expect(headers.get('location')).toBeNull();
    expect(headers.get('content-type')).toMatch(/^text\/html/);
    expect(body).not.toMatch(/href="(https:\/\/attacker|javascript:)/);
  });

  test('a disabled client gets the same page as an unknown one', async () => {
    const disabled = await registerClient(world.admin);
    await world.admin.patch(`/clients/${disabled.client_id}`, { disabled: true });
    const [one, other] = await Promise.all([ask({ client_id: disabled.client_id }), ask({ client_id: 'nobody' })]);
    const plain = (html: string) => html.replace(/[0-9a-f]{8}-[0-9a-f-]{27}/g, 'REQUEST');
    expect(one.status).toBe(other.status);
    expect(plain(one.body)).toBe(plain(other.body));
  });

  test.each<[what: string, changes: Record<string, string | undefined>, error: string]>([
    ['no PKCE', { code_challenge: undefined, code_challenge_method: undefined }, 'invalid_request'],
    ['the PKCE method plain', { code_challenge_method: 'plain' }, 'invalid_request'],
    ['no PKCE method, which would be plain', { code_challenge_method: undefined }, 'invalid_request'],
    ['an ill-formed challenge', { code_challenge: 'short' }, 'invalid_request'],
    ['the implicit response type', { response_type: 'token' }, 'unsupported_response_type'],
    ['a hybrid response type', { response_type: 'code id_token' }, 'unsupported_response_type'],
    ['no response type', { response_type: undefined }, 'invalid_request'],
    ['a scope that was not granted', { scope: 'openid things:write' }, 'invalid_scope'],
    ['a scope that nobody knows', { scope: 'openid no:such' }, 'invalid_scope'],
    ['an unknown resource', { resource: 'https://no.such.example/' }, 'invalid_target'],
    ['a request object', { request: 'eyJhbGciOiJub25lIn0.e30.' }, 'request_not_supported'],
    ['a request_uri of the client', { request_uri: 'https://app.example/request' }, 'request_uri_not_supported'],
    ['prompt=none and nobody signed in', { prompt: 'none' }, 'login_required'],
    ['an unknown prompt', { prompt: 'nonsense' }, 'invalid_request'],
    ['prompt=none beside another', { prompt: 'none login' }, 'invalid_request'],
    ['an absurd max_age', { max_age: '-1' }, 'invalid_request'],
  ])('with %s tells the client, with state and iss', async (_what, changes, error) => {
    const { status, headers } = await ask(changes);
    expect(status).toBe(303);
    const location = new URL(headers.get('location') ?? '');
    expect(location.origin + location.pathname).toBe(REDIRECT_URI);
    // Where the response type asked for would have answered in the fragment, the error does (OAuth 2.0 Multiple Response Types §5).
    const said = new URLSearchParams(location.search || location.hash.slice(1));
    expect(Object.fromEntries(said)).toMatchObject({ error, state: 'as-it-was', iss: world.server.issuer });
  });

  test.each(['/OAUTH/AUTHORIZE', '/oauth/authorize/'])('at %s asks for the sign-in just as well', async (path) => {
    const answer = await get(world.server, `${path}?${new URLSearchParams(request())}`, HTML);
    expect(answer.status).toBe(303);
    expect(answer.headers.get('location')).toMatch(/\/login\/[\w-]+$/);
  });

  test('may be posted, and is then repeated as a GET, with which the browser sends its session (OIDC Core §3.1.2.1)', async () => {
    const asked = request();
    const answer = await post(world.server, '/oauth/authorize', asked, { headers: HTML });
    expect(answer.status).toBe(303);
    const repeated = new URL(answer.headers.get('location') as string, world.server.url);
    expect(Object.fromEntries(repeated.searchParams)).toEqual(asked);
    expect((await get(world.server, repeated.pathname + repeated.search, HTML)).headers.get('location')).toMatch(
      /\/login\//,
    );
  });

  test('posted, is refused when the browser could not repeat it', async () => {
    const { status, headers } = await post(world.server, '/oauth/authorize', request({ state: 'x'.repeat(9_000) }), {
      headers: HTML,
    });
    expect(status).toBe(400);
    expect(headers.get('location')).toBeNull();
  });

  test('answers by form_post where asked, without a code in any URL', async () => {
    const { verifier, challenge } = pkce();
    const url = authorizationUrl(world.server, request({ code_challenge: challenge, response_mode: 'form_post' }));
    const callback = await signIn(url, { ...user, redirectUri: REDIRECT_URI });
    const code = callback.searchParams.get('code') ?? '';
    remember(code);
    const exchange = { grant_type: 'authorization_code', code, redirect_uri: REDIRECT_URI, code_verifier: verifier };
    expect(await token(world.server, exchange, { as: app })).toMatchObject({ status: 200 });
    expect(world.server.output()).not.toContain(code);
  });

  test('a confidential client may be excepted from PKCE, and may still use it', async () => {
    const excepted = await registerClient(world.admin, { require_pkce: false });
    const without = await ask({
      client_id: excepted.client_id,
      code_challenge: undefined,
      code_challenge_method: undefined,
    });
    expect(without.headers.get('location')).toMatch(/\/login\//);

    const bound = await authorize(world.server, excepted, user);
    const { code_verifier: _, ...noVerifier } = bound;
    expect(await token(world.server, noVerifier, { as: excepted })).toMatchObject({ body: { error: 'invalid_grant' } });
    granted(await token(world.server, bound, { as: excepted }));
  });

  test('a code given without PKCE is not exchanged with a verifier: it may be injected (RFC 9700 §4.8.2)', async () => {
    const excepted = await registerClient(world.admin, { require_pkce: false });
    const url = authorizationUrl(
      world.server,
      request({ client_id: excepted.client_id, code_challenge: undefined, code_challenge_method: undefined }),
    );
    const callback = await signIn(url, { ...user, redirectUri: REDIRECT_URI });
    const code = callback.searchParams.get('code') ?? '';
    const exchange = { grant_type: 'authorization_code', code, redirect_uri: REDIRECT_URI };
    const injected = await token(world.server, { ...exchange, code_verifier: pkce().verifier }, { as: excepted });
    expect(injected).toMatchObject({ status: 400, body: { error: 'invalid_grant' } });
    granted(await token(world.server, exchange, { as: excepted }));
  });

  test('no public client can be registered without PKCE', async () => {
    const answer = await world.admin.post('/clients', {
      redirect_uris: [REDIRECT_URI],
      token_endpoint_auth_method: 'none',
      require_pkce: false,
    });
    expect(answer).toMatchObject({ status: 422 });
    expect(answer.body.errors).toContainEqual(expect.objectContaining({ path: 'require_pkce' }));
  });

  test('two scopes of two APIs named as resources give a code for both', async () => {
    const others = await registerApi(world.admin, { scopes: [{ name: 'others:read', description: 'See others' }] });
    const things = await registerApi(world.admin, { scopes: [{ name: 'more:read', description: 'See more' }] });
    const client = await registerClient(world.admin, { scope: 'openid others:read more:read' });
    const right = await authorize(world.server, client, user, { scope: 'openid others:read more:read' });
    const undecided = await token(world.server, right, { as: client });
    expect(undecided).toMatchObject({ status: 400, body: { error: 'invalid_target' } });
    for (const resource of [others.identifier, things.identifier]) {
      const again = await authorize(world.server, client, user, { scope: 'openid others:read more:read' });
      const tokens = granted(await token(world.server, { ...again, resource }, { as: client }));
      expect(tokens.scope).toBe(resource === others.identifier ? 'others:read' : 'more:read');
    }
  });

  test('an interaction opened in another browser is refused', async () => {
    const visitor = visitorFor(REDIRECT_URI);
    const page = await visitor.open(authorizationUrl(world.server, request()));
    if (page instanceof URL) throw new Error('no sign-in page');
    const elsewhere = await get(world.server, new URL(page.url).pathname, HTML);
    expect(elsewhere).toMatchObject({ status: 400 });
    expect(elsewhere.body).not.toContain('name="password"');
  });
});
