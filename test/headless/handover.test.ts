import { describe, expect, test } from '@jest/globals';
import { registerApi, registerClient, registerMachine, registerUser } from '../support/clients.ts';
import { ENGINES } from '../support/database.ts';
import { nextSecond } from '../support/eventually.ts';
import { authenticate, callApi } from '../support/people.ts';
import { totpCode } from '../support/totp.ts';
import {
  acceptConsent,
  acceptLogin,
  backend,
  redirectOf,
  sessionFor,
  start,
  ticketOf,
  tokensOf,
  withLoginApplication,
} from './login-application.ts';
import { passwordOf, personWithTotp, prove } from './support.ts';

describe.each(ENGINES)('an authorization finished from a login application, on %s', (engine) => {
  const application = withLoginApplication(engine);

  test('signs in and consents, and the app gets its tokens', async () => {
    const { server, admin, api } = application();
    const things = await registerApi(admin);
    const user = await registerUser(admin);
    const app = await registerClient(admin, { scope: 'openid profile email things:read', client_name: 'Shop' });
    const flow = await start(application(), app, {
      scope: 'openid profile email things:read',
      login_hint: user.username,
      max_age: '3600',
    });
    expect(flow.at).toMatchObject({ origin: 'https://login.example', pathname: '/start' });
    expect((flow.at as URL).searchParams.get('tenant')).toBe('a');

    const first = ticketOf(flow.at);
    const wanted = await api.get(`/authorizations/${first}`);
    expect({ status: wanted.status, body: wanted.body }).toEqual({
      status: 200,
      body: {
        prompt: 'login',
        reasons: expect.arrayContaining(['no_session']),
        client: {
          client_id: app.client_id,
          client_name: 'Shop',
          client_uri: null,
          logo_uri: null,
          policy_uri: null,
          tos_uri: null,
        },
        scope: 'openid profile email things:read',
        resources: [
          {
            identifier: things.identifier,
            name: 'Things',
            scopes: [{ name: 'things:read', description: 'See your things' }],
          },
        ],
        acr_values: null,
        login_hint: user.username,
        ui_locales: null,
        max_age: 3600,
        subject: null,
        expires_at: expect.any(String),
      },
    });

    const session = await sessionFor(application(), user);
    const redirect = await acceptLogin(application(), first, session);
    expect(redirect).toMatch(new RegExp(`^${server.issuer}/login/[\\w-]+\\?verifier=[\\w-]{43}$`));
    const second = ticketOf(await flow.visitor.open(redirect));
    expect(second).not.toBe(first);
    expect((await api.get(`/authorizations/${second}`)).body).toMatchObject({ prompt: 'consent', subject: user.id });

    const callback = await flow.visitor.open(await acceptConsent(application(), second, session));
    const tokens = await tokensOf(flow, callback);
    expect(tokens.claims()).toMatchObject({ sub: user.id, amr: ['pwd'], acr: 'urn:mintmark:acr:1fa' });
    expect(tokens.claims()?.auth_time).toBeLessThanOrEqual(Date.now() / 1000);
    const log = await admin.get(`/audit?target=user:${user.id}`);
    expect(log.body.items.map(({ action }: { action: string }) => action)).toEqual(
      expect.arrayContaining(['authorization.accept_login', 'authorization.accept_consent', 'login']),
    );
  });

  test('agrees to less than was asked', async () => {
    const { admin, api } = application();
    const { identifier: resource } = await registerApi(admin);
    const user = await registerUser(admin);
    const scope = 'openid profile email things:read things:write';
    const app = await registerClient(admin, { scope });
    const flow = await start(application(), app, { scope, resource });
    const session = await sessionFor(application(), user);
    const ticket = ticketOf(await flow.visitor.open(await acceptLogin(application(), ticketOf(flow.at), session)));
    const path = `/authorizations/${ticket}/accept-consent`;
    for (const given of ['openid admin', 'profile', 'openid users:read']) {
      const { status, body } = await api.post(path, { session_token: session, scope: given });
      expect({ given, status, path: body.errors[0].path }).toEqual({ given, status: 422, path: 'scope' });
    }
    const redirect = await acceptConsent(application(), ticket, session, { scope: 'openid profile things:read' });
    const tokens = await tokensOf(flow, await flow.visitor.open(redirect));
    expect(tokens.scope).toBe('things:read');
    expect(tokens.claims()).toMatchObject({ preferred_username: user.username });
    expect(tokens.claims()).not.toHaveProperty('email');
    const { body } = await admin.get(`/users/${user.id}/grants`);
    expect(body.items).toMatchObject([{ scope: 'openid profile', resources: [{ scope: 'things:read' }] }]);
  });

  test('says no, in its own words', async () => {
    const { admin, api } = application();
    const app = await registerClient(admin);
    const plain = await start(application(), app);
    const denied = await api.post(`/authorizations/${ticketOf(plain.at)}/deny`);
    const callback = (await plain.visitor.open(redirectOf(denied))) as URL;
    expect(callback.searchParams.get('error')).toBe('access_denied');

    const other = await start(application(), app);
    const body = { error: 'login_required', error_description: 'not today' };
    const answer = await api.post(`/authorizations/${ticketOf(other.at)}/deny`, body);
    const { searchParams } = (await other.visitor.open(redirectOf(answer))) as URL;
    expect([searchParams.get('error'), searchParams.get('error_description')]).toEqual(Object.values(body));
  });

  test('takes no sign-in that proves less than is asked', async () => {
    const { server, admin, api } = application();
    const user = await personWithTotp({ server, api: admin });
    const app = await registerClient(admin, { first_party: true });
    const flow = await start(application(), app, { acr_values: 'urn:mintmark:acr:2fa' });
    const ticket = ticketOf(flow.at);
    const path = `/authorizations/${ticket}/accept-login`;

    const partial = await authenticate(server, user);
    const plain = await sessionFor(application(), await registerUser(admin));
    for (const session_token of [partial.token, plain, 'x', ticket, api.token]) {
      const { status, body } = await api.post(path, { session_token });
      expect({ status, path: body.errors?.[0].path }).toEqual({ status: 422, path: 'session_token' });
    }
    await partial.call('POST', '/authenticate/totp', { code: totpCode(user.secret) });
    const tokens = await tokensOf(
      flow,
      await flow.visitor.open(await acceptLogin(application(), ticket, partial.token)),
    );
    expect(tokens.claims()).toMatchObject({ sub: user.id, acr: 'urn:mintmark:acr:2fa', amr: ['pwd', 'otp', 'mfa'] });
  });

  test('takes no sign-in from before prompt=login, and one from before anything else', async () => {
    const { admin, api } = application();
    const user = await registerUser(admin);
    const app = await registerClient(admin, { first_party: true });
    const session = await sessionFor(application(), user);
    const flow = await start(application(), app);
    await tokensOf(flow, await flow.visitor.open(await acceptLogin(application(), ticketOf(flow.at), session)));

    await nextSecond();
    const again = await start(application(), app, { prompt: 'login' }, flow.visitor);
    const ticket = ticketOf(again.at);
    expect((await api.get(`/authorizations/${ticket}`)).body).toMatchObject({ prompt: 'login', subject: user.id });
    const old = await api.post(`/authorizations/${ticket}/accept-login`, { session_token: session });
    expect(old.status).toBe(422);
    const fresh = await sessionFor(application(), user);
    await tokensOf(again, await again.visitor.open(await acceptLogin(application(), ticket, fresh)));

    const other = await start(application(), app, {});
    await tokensOf(other, await other.visitor.open(await acceptLogin(application(), ticketOf(other.at), session)));
  });

  test('takes no sign-in that the policy asks more of by now, nor one of somebody disabled', async () => {
    const { server, admin, api } = application();
    const user = await registerUser(admin);
    const session = await sessionFor(application(), user);
    const app = await registerClient(admin, { first_party: true });
    const strict = await admin.post('/auth-policies', {
      name: `strict ${user.username}`,
      secondary: { require_totp: true },
    });
    await admin.patch(`/users/${user.id}`, { policy_id: strict.body.id });
    const flow = await start(application(), app);
    const path = `/authorizations/${ticketOf(flow.at)}/accept-login`;
    expect((await api.post(path, { session_token: session })).status).toBe(422);
    await admin.patch(`/users/${user.id}`, { policy_id: 'default' });
    await admin.post(`/users/${user.id}/disable`, {});
    expect((await api.post(path, { session_token: session })).status).toBe(422);
    expect((await prove(server, passwordOf(user))).status).toBe(401);
  });

  test('asks for the scope of its own, and for nothing else', async () => {
    const { server, admin, api } = application();
    const flow = await start(application(), await registerClient(admin));
    const ticket = ticketOf(flow.at);
    const reader = await registerMachine(admin, 'clients:read');
    const weak = await callApi(server, 'GET', `/authorizations/${ticket}`);
    expect(weak.status).toBe(401);
    await expect(backend(server, reader)).rejects.toThrow('invalid_scope');
    expect((await api.get('/users')).status).toBe(403);
    expect((await admin.get(`/authorizations/${ticket}`)).status).toBe(200);
    expect((await admin.get('/authorizations/x')).status).toBe(404);
    const wrong = await api.post(`/authorizations/${ticket}/accept-consent`, { session_token: 'x' });
    expect(wrong.status).toBe(409);
  });

  test('hands over a device flow likewise', async () => {
    const { server, admin } = application();
    const user = await registerUser(admin);
    const grant_types = ['urn:ietf:params:oauth:grant-type:device_code'];
    const app = await registerClient(admin, {
      grant_types,
      redirect_uris: [],
      response_types: [],
      token_endpoint_auth_method: 'none',
      scope: 'openid',
      first_party: true,
    });
    const asked = await fetch(`${server.url}/oauth/device/code`, {
      method: 'POST',
      body: new URLSearchParams({ client_id: app.client_id, scope: 'openid' }),
    });
    const { verification_uri_complete: address } = (await asked.json()) as { verification_uri_complete: string };
    const { visitor } = await start(application(), await registerClient(admin));
    let at = await visitor.open(address);
    for (let pages = 0; pages < 3 && !(at instanceof URL); pages += 1) {
      const form = at.forms[0];
      if (!form) throw new Error(`no form at ${at.url}`);
      at = await visitor.submit(form, {}, form.buttons[0]);
    }
    const redirect = await acceptLogin(application(), ticketOf(at), await sessionFor(application(), user));
    const done = await visitor.open(redirect);
    expect(done).toMatchObject({ status: 200 });
  });
});
