import { beforeAll, describe, expect, test } from '@jest/globals';
import { adminApi, REDIRECT_URI, type RegisteredClient, registerClient, registerUser } from '../support/clients.ts';
import { visitorFor } from '../support/flow.ts';
import { startServer } from '../support/server.ts';
import { type Answer, get, pkce, signInFor, startWorld, type World } from './protocol.ts';

const ISSUER = 'https://id.example';

/** Everything the server says about cookies in an answer. */
function cookiesOf({ headers }: Answer): { name: string; attributes: string[] }[] {
  return headers.getSetCookie().map((cookie) => {
    const [pair = '', ...attributes] = cookie.split(';').map((part) => part.trim().toLowerCase());
    return { name: pair.split('=')[0] ?? '', attributes };
  });
}

const authorizePath = (client_id: string) =>
  `/oauth/authorize?${new URLSearchParams({
    client_id,
    response_type: 'code',
    redirect_uri: REDIRECT_URI,
    scope: 'openid',
    code_challenge: pkce().challenge,
    code_challenge_method: 'S256',
  })}`;

describe('Behind a proxy that ends TLS, under an https issuer', () => {
  test.each(['true', 'false'])('cookies are Secure and URLs https (MINTMARK_TRUST_PROXY=%s)', async (trust) => {
    const env = { MINTMARK_ISSUER: ISSUER, MINTMARK_TRUST_PROXY: trust };
    const server = await startServer({ engine: 'embedded', env });
    const app = await registerClient(await adminApi(server));

    const answer = await get(server, authorizePath(app.client_id), {
      accept: 'text/html',
      'x-forwarded-proto': 'https',
    });
    expect(answer.status).toBe(303);
    const cookies = cookiesOf(answer).filter(({ name }) => name.startsWith('mintmark_'));
    expect(cookies.length).toBeGreaterThan(0);
    for (const { attributes } of cookies) {
      expect(attributes).toEqual(expect.arrayContaining(['httponly', 'samesite=lax', 'secure']));
    }
    expect(new URL(answer.headers.get('location') ?? '', ISSUER).origin).toBe(ISSUER);
    expect(answer.headers.get('strict-transport-security')).toMatch(/max-age=/);
    const { body } = await get(server, '/.well-known/openid-configuration');
    expect(body).toMatchObject({ issuer: ISSUER, token_endpoint: `${ISSUER}/oauth/token` });
  });
});

describe('On loopback', () => {
  let world: World;
  let app: RegisteredClient;

  beforeAll(async () => {
    world = await startWorld('embedded');
    app = await registerClient(world.admin);
  });

  test('cookies are HttpOnly and SameSite=Lax, signed, and not Secure: there is no TLS', async () => {
    const answer = await get(world.server, authorizePath(app.client_id), { accept: 'text/html' });
    const cookies = cookiesOf(answer);
    const names = cookies.map(({ name }) => name);
    for (const name of names.filter((one) => !one.endsWith('.sig'))) expect(names).toContain(`${name}.sig`);
    for (const { attributes } of cookies) {
      expect(attributes).toEqual(expect.arrayContaining(['httponly', 'samesite=lax']));
      expect(attributes).not.toContain('secure');
    }
  });

  test('a cookie without its signature, or with another, is nobody’s', async () => {
    const user = await registerUser(world.admin);
    const visitor = visitorFor(REDIRECT_URI);
    await signInFor(world.server, app, user, { visitor });
    const silent = `${authorizePath(app.client_id)}&prompt=none`;
    const session = visitor.cookies.get('mintmark_session') ?? '';
    const signature = visitor.cookies.get('mintmark_session.sig') ?? '';
    const ask = async (cookie: string) =>
      (await get(world.server, silent, { accept: 'text/html', cookie })).headers.get('location') ?? '';
    expect(await ask(`mintmark_session=${session}; mintmark_session.sig=${signature}`)).not.toContain('login_required');
    expect(await ask(`mintmark_session=${session}`)).toContain('error=login_required');
    const flipped = signature.replace(/^./, (first) => (first === 'A' ? 'B' : 'A'));
    expect(await ask(`mintmark_session=${session}; mintmark_session.sig=${flipped}`)).toContain('error=login_required');
  });

  test('security headers are on every answer', async () => {
    for (const path of [
      '/',
      '/nowhere',
      '/oauth/authorize',
      '/oauth/token',
      '/device',
      '/api/v1/clients',
      '/healthz',
    ]) {
      const { headers } = await get(world.server, path, { accept: 'text/html' });
      expect(headers.get('x-content-type-options')).toBe('nosniff');
      expect(headers.get('content-security-policy')).toMatch(/frame-ancestors 'none'/);
      expect(headers.get('referrer-policy')).toBeTruthy();
      expect(headers.get('x-powered-by')).toBeNull();
    }
  });

  test('a page of another site reads token answers only when it is the redirect URI of a public client', async () => {
    const open = await registerClient(world.admin, { token_endpoint_auth_method: 'none' });
    const ask = async (client: RegisteredClient, origin: string) => {
      const body = new URLSearchParams({
        grant_type: 'refresh_token',
        refresh_token: 'x',
        client_id: client.client_id,
      });
      const answer = await fetch(`${world.server.url}/oauth/token`, { method: 'POST', headers: { origin }, body });
      return answer.headers.get('access-control-allow-origin');
    };
    expect(await ask(open, new URL(REDIRECT_URI).origin)).toBe(new URL(REDIRECT_URI).origin);
    expect(await ask(open, 'https://attacker.example')).toBeNull();
    expect(await ask(open, 'null')).toBeNull();
    expect(await ask(app, new URL(REDIRECT_URI).origin)).toBeNull();
  });
});
