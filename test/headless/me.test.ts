import { describe, expect, test } from '@jest/globals';
import { signInFor } from '../endpoints/protocol.ts';
import { createAuthenticator } from '../support/authenticator.ts';
import { type RegisteredUser, registerClient, registerUser } from '../support/clients.ts';
import { ENGINES } from '../support/database.ts';
import { authenticate, authenticateByPasskey, type SignedIn } from '../support/people.ts';
import { totpCode } from '../support/totp.ts';
import { remember } from '../support/vault.ts';
import { expectDead, fullSession, passwordOf, personUnder, prove, withHeadless } from './support.ts';

describe.each(ENGINES)('what somebody does for themselves, on %s', (engine) => {
  const headless = withHeadless(engine);

  async function somebody(settings?: object) {
    const user = settings ? await personUnder(headless(), settings) : await registerUser(headless().api);
    return { user, session: await fullSession(headless().server, user) };
  }

  async function addApp(session: SignedIn): Promise<{ secret: string; status: number; body: any }> {
    const begun = await session.call('POST', '/me/totp');
    const { secret, enrollment } = begun.body;
    remember(secret);
    const { status, body } = await session.call('POST', '/me/totp', { enrollment, code: totpCode(secret) });
    for (const code of body.recovery_codes ?? []) remember(code);
    return { secret, status, body };
  }

  async function addPasskey(session: SignedIn, name?: string, device = createAuthenticator()) {
    const { body } = await session.call('POST', '/me/passkeys');
    const response = device.create(body.options, headless().server.issuer);
    const registered = await session.call('POST', '/me/passkeys', { response, ...(name !== undefined && { name }) });
    for (const code of registered.body.recovery_codes ?? []) remember(code);
    return registered;
  }

  /** Signed in with a second factor: only so may somebody who has one change how they sign in. */
  async function withCode(user: RegisteredUser, code: string): Promise<SignedIn> {
    const session = await authenticate(headless().server, user);
    expect((await session.call('POST', '/authenticate/recovery_code', { code })).body.state).toBe('full');
    return session;
  }

  const typesOf = async (session: SignedIn) =>
    (await session.call('GET', '/me/authenticators')).body.items.map(({ type }: { type: string }) => type);

  const actionsOf = async ({ id }: { id: string }) =>
    (await headless().api.get(`/audit?target=user:${id}&actor=user:${id}`)).body.items.map(
      ({ action, outcome }: any) => `${action} ${outcome}`,
    );

  test('they see who they are and change what is theirs to change', async () => {
    const { user, session } = await somebody();
    const present = await session.call('GET', '/me');
    expect(present.body).toEqual({
      id: user.id,
      username: user.username,
      email: user.email,
      name: 'Ann Example',
      has_password: true,
      acr: 'urn:mintmark:acr:1fa',
      amr: ['pwd'],
      auth_time: expect.any(String),
      created_at: expect.any(String),
      updated_at: expect.any(String),
    });
    const changed = await session.call('PATCH', '/me', { name: null, email: 'new@example.com' });
    expect(changed.body).toMatchObject({ name: null, email: 'new@example.com', username: user.username });
    for (const body of [{ username: 'other' }, { disabled: false }, { claims: {} }, { must_change_password: false }]) {
      expect((await session.call('PATCH', '/me', body)).status).toBe(400);
    }
    expect((await session.call('PATCH', '/me', { email: 'no address' })).status).toBe(422);
    expect(await actionsOf(user)).toContain('account.update success');
  });

  test('a new password takes the old one, and ends all other sessions', async () => {
    const { server } = headless();
    const { user, session } = await somebody();
    const elsewhere = await fullSession(server, user);
    const password = 'quite another one 42';
    const change = (current_password: string, new_password: string) =>
      session.call('POST', '/me/password', { current_password, new_password });
    expect((await change('not the password', password)).status).toBe(422);
    expect((await change(user.password, 'short')).status).toBe(422);
    expect((await elsewhere.call('GET', '/me')).status).toBe(200);
    expect((await change(user.password, password)).status).toBe(204);
    expect((await session.call('GET', '/me')).status).toBe(200);
    expectDead(await elsewhere.call('GET', '/me'));
    expect((await prove(server, passwordOf(user))).status).toBe(401);
    expect((await prove(server, { ...passwordOf(user), password })).status).toBe(200);
    expect(await actionsOf(user)).toEqual(
      expect.arrayContaining(['password.change failure', 'password.change success']),
    );
  });

  test('guesses of the present password count as guesses', async () => {
    const { user, session } = await somebody({ primary: { updb: { max_attempts: 3 } } });
    const change = (current_password: string) =>
      session.call('POST', '/me/password', { current_password, new_password: 'quite another one 42' });
    for (let tries = 0; tries < 4; tries += 1) expect((await change('wrong')).status).toBe(422);
    expect((await change(user.password)).status).toBe(422);
  });

  test('they set up an app and get recovery codes once', async () => {
    const { user, session: first } = await somebody();
    const byPasswordAlone = await fullSession(headless().server, user);
    const { status, body } = await addApp(first);
    expect({ status, codes: body.recovery_codes.length }).toEqual({ status: 200, codes: 10 });
    expect(await typesOf(first)).toEqual(['password', 'totp', 'recovery_codes']);
    // Setting it up has proved it here, and nowhere else.
    expect((await addApp(first)).status).toBe(409);
    expect((await byPasswordAlone.call('POST', '/me/totp')).status).toBe(401);
    const session = await withCode(user, body.recovery_codes[1]);
    expect((await addApp(session)).status).toBe(409);
    expect((await addPasskey(session)).body).not.toHaveProperty('recovery_codes');
    const anew = await session.call('POST', '/me/recovery-codes');
    for (const code of anew.body.recovery_codes) remember(code);
    expect(anew.body.recovery_codes).toHaveLength(10);
    const next = await authenticate(headless().server, user);
    const [old] = body.recovery_codes;
    expect((await next.call('POST', '/authenticate/recovery_code', { code: old })).status).toBe(401);
    expect(await actionsOf(user)).toEqual(
      expect.arrayContaining(['totp.enroll success', 'recovery_codes.generate success', 'passkey.register success']),
    );
  });

  test('recovery codes stand in for something', async () => {
    const { session } = await somebody();
    expect((await session.call('POST', '/me/recovery-codes')).status).toBe(409);
  });

  test('they name their passkeys and take them away', async () => {
    const { user, session: first } = await somebody();
    const byPasswordAlone = await fullSession(headless().server, user);
    const device = createAuthenticator();
    const { status, body } = await addPasskey(first, 'Key', device);
    const session = await authenticateByPasskey(headless().server, device);
    expect({ status, body }).toMatchObject({ status: 200, body: { type: 'passkey', name: 'Key' } });
    const path = `/me/authenticators/${body.id}`;
    expect((await session.call('PATCH', path, { name: 'Other key' })).body).toMatchObject({ name: 'Other key' });
    expect((await session.call('PATCH', path, { name: 'x'.repeat(1000) })).status).toBe(422);
    expect((await session.call('PATCH', '/me/authenticators/password', { name: 'x' })).status).toBe(404);
    const { session: stranger } = await somebody();
    expect((await stranger.call('PATCH', path, { name: 'Mine' })).status).toBe(404);
    expect((await stranger.call('DELETE', path)).status).toBe(404);
    expect((await byPasswordAlone.call('DELETE', path)).status).toBe(401);
    expect((await session.call('DELETE', path)).status).toBe(204);
    expect((await session.call('DELETE', path)).status).toBe(404);
  });

  test('what is demanded, and the last way in, stay', async () => {
    const { user, session: first } = await somebody({});
    expect((await first.call('DELETE', '/me/authenticators/password')).status).toBe(409);
    const app = await addApp(first);
    const session = await withCode(user, app.body.recovery_codes[0]);
    await headless().api.patch(`/auth-policies/${user.policyId}`, { secondary: { require_totp: true } });
    expect((await session.call('DELETE', '/me/authenticators/totp')).status).toBe(409);
    await headless().api.patch(`/auth-policies/${user.policyId}`, {
      secondary: { require_totp: false, require_any: true },
    });
    expect((await session.call('DELETE', '/me/authenticators/totp')).status).toBe(409);
    const { body } = await addPasskey(session);
    expect((await session.call('DELETE', '/me/authenticators/totp')).status).toBe(204);
    expect((await session.call('DELETE', `/me/authenticators/${body.id}`)).status).toBe(409);
    await headless().api.patch(`/auth-policies/${user.policyId}`, { secondary: { require_any: false } });
    expect((await session.call('DELETE', '/me/authenticators/password')).status).toBe(204);
    expect((await session.call('DELETE', `/me/authenticators/${body.id}`)).status).toBe(409);
  });

  test('they see where they are signed in, and sign out there', async () => {
    const { server } = headless();
    const { user, session } = await somebody();
    const [second, third] = [await fullSession(server, user), await fullSession(server, user)];
    const { body } = await session.call('GET', '/me/sessions');
    expect(body.items).toHaveLength(3);
    expect(body.items.filter(({ current }: { current: boolean }) => current)).toHaveLength(1);
    const own = (await second.call('GET', '/me/sessions')).body.items.find(({ current }: any) => current);
    expect((await session.call('DELETE', `/me/sessions/${own.id}`)).status).toBe(204);
    expectDead(await second.call('GET', '/me'));
    expect((await third.call('GET', '/me')).status).toBe(200);
    expect((await session.call('DELETE', '/me/sessions')).status).toBe(204);
    expectDead(await third.call('GET', '/me'));
    expect((await session.call('GET', '/me')).status).toBe(200);
    const { session: stranger } = await somebody();
    const theirs = (await session.call('GET', '/me/sessions')).body.items[0].id;
    expect((await stranger.call('DELETE', `/me/sessions/${theirs}`)).status).toBe(404);
  });

  test('they see what they allowed apps to do, and withdraw it', async () => {
    const { server, api } = headless();
    const { user, session } = await somebody();
    const app = await registerClient(api);
    const tokens = await signInFor(server, app, user, { scope: 'openid profile offline_access', prompt: 'consent' });
    const { body } = await session.call('GET', '/me/grants');
    expect(body.items).toMatchObject([{ client_id: app.client_id, scope: 'openid profile offline_access' }]);
    const { session: stranger } = await somebody();
    expect((await stranger.call('DELETE', `/me/grants/${body.items[0].id}`)).status).toBe(404);
    expect((await session.call('DELETE', `/me/grants/${body.items[0].id}`)).status).toBe(204);
    expect((await session.call('GET', '/me/grants')).body.items).toEqual([]);
    const userinfo = await fetch(`${server.url}/oauth/userinfo`, {
      headers: { authorization: `Bearer ${tokens.access_token}` },
    });
    expect(userinfo.status).toBe(401);
  });
});
