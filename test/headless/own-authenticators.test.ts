import { describe, expect, test } from '@jest/globals';
import { type Authenticator, createAuthenticator } from '../support/authenticator.ts';
import { type RegisteredUser, registerUser } from '../support/clients.ts';
import { ENGINES } from '../support/database.ts';
import { authenticate, authenticateByPasskey, type SignedIn } from '../support/people.ts';
import { totpCode } from '../support/totp.ts';
import { remember } from '../support/vault.ts';
import { expectDead, fullSession, passwordOf, personUnder, prove, withHeadless } from './support.ts';

const MOST_PASSKEYS = 20;

describe.each(ENGINES)('what somebody signs in with, changed by themselves, on %s', (engine) => {
  const headless = withHeadless(engine);

  async function register(session: SignedIn, device: Authenticator, name = '') {
    const { options } = (await session.call('POST', '/me/passkeys')).body;
    const response = device.create({ ...options, excludeCredentials: [] }, headless().server.issuer);
    const answer = await session.call('POST', '/me/passkeys', { response, name });
    for (const code of answer.body.recovery_codes ?? []) remember(code);
    return answer;
  }

  /** Has a password and a passkey, and is signed in by it: that is two factors at once. */
  async function withPasskey(user: RegisteredUser): Promise<{ session: SignedIn; passkey: string }> {
    const { server } = headless();
    const device = createAuthenticator();
    const { body: passkey } = await register(await fullSession(server, user), device);
    return { session: await authenticateByPasskey(server, device), passkey: passkey.id };
  }

  const recordsOf = async ({ id }: { id: string }, action: string) =>
    (await headless().api.get(`/audit?target=user:${id}&actor=user:${id}&action=${action}`)).body.items.map(
      ({ outcome, reason, data }: any) => ({ outcome, reason, data }),
    );

  test('without their password they are signed in nowhere else', async () => {
    const { server, api } = headless();
    const user = await registerUser(api);
    const elsewhere = await fullSession(server, user);
    const { session } = await withPasskey(user);
    expect((await session.call('DELETE', '/me/authenticators/password')).status).toBe(204);
    expectDead(await elsewhere.call('GET', '/me'));
    expect((await session.call('GET', '/me')).body).toMatchObject({ has_password: false });
    expect((await prove(server, passwordOf(user))).status).toBe(401);
    expect((await session.call('DELETE', '/me/authenticators/password')).status).toBe(404);
    expect(await recordsOf(user, 'password.remove')).toEqual([{ outcome: 'success', reason: null, data: {} }]);
  });

  test('is listed page by page, and neither use nor change moves what is behind', async () => {
    const user = await registerUser(headless().api);
    const { session } = await withPasskey(user);
    for (const name of ['second', 'third']) await register(session, createAuthenticator(), name);
    const all = (await session.call('GET', '/me/authenticators')).body;
    expect(all).toMatchObject({ items: { length: 5 }, next_cursor: null });
    for (const [call, path] of [
      [session.call, '/me/authenticators'],
      [(_: string, at: string) => headless().api.get(at), `/users/${user.id}/authenticators`],
    ] as const) {
      const seen: string[] = [];
      for (let cursor: string | null = ''; cursor !== null; ) {
        const { body }: any = await call('GET', `${path}?limit=2${cursor && `&cursor=${cursor}`}`);
        expect(body.items.length).toBeLessThanOrEqual(2);
        seen.push(...body.items.map(({ id }: { id: string }) => id));
        await session.call('PATCH', `/me/authenticators/${seen[1]}`, { name: `Renamed ${seen.length}` });
        cursor = body.next_cursor;
      }
      expect(seen).toEqual(all.items.map(({ id }: { id: string }) => id));
      for (const query of ['limit=0', 'limit=501', 'cursor=eA', 'order=name']) {
        expect((await call('GET', `${path}?${query}`)).status).toBe(400);
      }
    }
  });

  test('their sessions are listed by sign-in, page by page', async () => {
    const { server, api } = headless();
    const user = await registerUser(api);
    const [session] = [
      await fullSession(server, user),
      await fullSession(server, user),
      await fullSession(server, user),
    ];
    const all = (await session.call('GET', '/me/sessions')).body;
    expect(all).toMatchObject({ items: { length: 3 }, next_cursor: null });
    for (const [call, path] of [
      [session.call, '/me/sessions'],
      [(_: string, at: string) => api.get(at), `/users/${user.id}/sessions`],
    ] as const) {
      const first = (await call('GET', `${path}?limit=2`)).body;
      const second = (await call('GET', `${path}?limit=2&cursor=${first.next_cursor}`)).body;
      expect([...first.items, ...second.items].map(({ id }) => id)).toEqual(all.items.map(({ id }: any) => id));
      expect(second.next_cursor).toBeNull();
      expect((await call('GET', `${path}?limit=501`)).status).toBe(400);
    }
  });

  test('a wrong answer is no reason to drop the session token', async () => {
    const user = await registerUser(headless().api);
    const session = await fullSession(headless().server, user);
    const wrong = await session.call('POST', '/me/password', {
      current_password: 'certainly not this one',
      new_password: 'quite another one 42',
    });
    expect(wrong).toMatchObject({ status: 422, body: { errors: [{ path: 'current_password' }] } });
    const { enrollment, secret } = (await session.call('POST', '/me/totp')).body;
    remember(secret);
    const code = await session.call('POST', '/me/totp', { enrollment, code: totpCode(secret, 7) });
    expect(code).toMatchObject({ status: 422, body: { errors: [{ path: 'code' }] } });
    const { options } = (await session.call('POST', '/me/passkeys')).body;
    const response = createAuthenticator().create(options, 'https://evil.example');
    const passkey = await session.call('POST', '/me/passkeys', { response });
    expect(passkey).toMatchObject({ status: 422, body: { errors: [{ path: 'response' }] } });
    expect((await session.call('GET', '/me')).status).toBe(200);

    const failure = (reason: string) => [{ outcome: 'failure', reason, data: {} }];
    expect(await recordsOf(user, 'password.change')).toEqual(failure('wrong_password'));
    expect(await recordsOf(user, 'totp.enroll')).toEqual(failure('wrong_totp'));
    expect(await recordsOf(user, 'passkey.register')).toEqual(failure('wrong_webauthn'));
  });

  test('one passkey too many, and one that somebody has, are conflicts', async () => {
    const { api, server } = headless();
    const user = await registerUser(api);
    const { session } = await withPasskey(user);
    const device = createAuthenticator();
    const { options } = (await session.call('POST', '/me/passkeys')).body;
    const response = device.create(options, server.issuer);
    expect((await session.call('POST', '/me/passkeys', { response })).status).toBe(200);
    expect((await session.call('POST', '/me/passkeys', { response })).status).toBe(409);
    for (let held = 2; held < MOST_PASSKEYS; held += 1) {
      expect((await register(session, createAuthenticator())).status).toBe(200);
    }
    expect((await register(session, createAuthenticator())).status).toBe(409);
  });

  test('the record calls it what the account pages call it', async () => {
    const user = await personUnder(headless());
    const { session, passkey } = await withPasskey(user);
    const path = `/me/authenticators/${passkey}`;
    await session.call('PATCH', path, { name: 'x'.repeat(65) });
    await session.call('PATCH', path, { name: 'Key' });
    await headless().api.patch(`/auth-policies/${user.policyId}`, { secondary: { require_webauthn: true } });
    expect((await session.call('DELETE', path)).status).toBe(409);
    await headless().api.patch(`/auth-policies/${user.policyId}`, { secondary: { require_webauthn: false } });
    expect((await session.call('DELETE', '/me/authenticators/recovery_codes')).status).toBe(204);
    expect((await session.call('DELETE', path)).status).toBe(204);

    const data = { passkey };
    const success = { outcome: 'success', reason: null, data };
    expect(await recordsOf(user, 'passkey.rename')).toEqual([success, { outcome: 'failure', reason: 'invalid', data }]);
    expect(await recordsOf(user, 'passkey.remove')).toEqual([
      success,
      { outcome: 'failure', reason: 'demanded', data },
    ]);
    expect(await recordsOf(user, 'passkey.register')).toEqual([success]);
    expect(await recordsOf(user, 'recovery_codes.remove')).toEqual([{ ...success, data: {} }]);
    await session.call('PATCH', '/me', { name: 'x'.repeat(201) });
    await session.call('PATCH', '/me', { name: 'Ann' });
    expect(await recordsOf(user, 'account.update')).toEqual([{ ...success, data: { members: ['name'] } }]);
  });

  test('guesses of the password that lock say so', async () => {
    const user = await personUnder(headless(), { primary: { updb: { max_attempts: 2 } } });
    const session = await fullSession(headless().server, user);
    const guess = { current_password: 'certainly not this one', new_password: 'quite another one 42' };
    for (let tries = 0; tries < 2; tries += 1) await session.call('POST', '/me/password', guess);
    expect(await recordsOf(user, 'user.lock')).toEqual([{ outcome: 'failure', reason: 'too_many_guesses', data: {} }]);
  });

  test('a wrong code while enrolling at sign-in is recorded', async () => {
    const user = await personUnder(headless(), { secondary: { require_totp: true } });
    const session = await authenticate(headless().server, user);
    const { enrollment, secret } = (await session.call('POST', '/authenticate/enroll_totp')).body;
    remember(secret);
    const answer = await session.call('POST', '/authenticate/enroll_totp', { enrollment, code: totpCode(secret, 7) });
    expect(answer.status).toBe(401);
    const { items } = (await headless().api.get(`/audit?target=user:${user.id}&action=totp.enroll`)).body;
    expect(items).toMatchObject([{ outcome: 'failure', reason: 'wrong_totp' }]);
  });
});
