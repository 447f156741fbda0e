import { describe, expect, test } from '@jest/globals';
import { type Authenticator, createAuthenticator } from '../support/authenticator.ts';
import { registerUser } from '../support/clients.ts';
import { ENGINES } from '../support/database.ts';
import { callApi, type SignedIn } from '../support/people.ts';
import { earlyInStep, totpCode } from '../support/totp.ts';
import { remember } from '../support/vault.ts';
import {
  begin,
  essence,
  expectDead,
  fullSession,
  passwordOf,
  personUnder,
  personWithTotp,
  prove,
  typesOf,
  withHeadless,
} from './support.ts';

const WRONG = '000000';

describe.each(ENGINES)('what a partial sign-in is asked, on %s', (engine) => {
  const headless = withHeadless(engine);

  const amrOf = async (session: SignedIn) => (await session.call('GET', '/session')).body.amr;

  async function withPasskey() {
    const user = await personUnder(headless());
    const authenticator = createAuthenticator();
    const session = await fullSession(headless().server, user);
    const { options } = (await session.call('POST', '/me/passkeys', {})).body;
    const response = authenticator.create(options, headless().server.issuer);
    const registered = await session.call('POST', '/me/passkeys', { response, name: 'Key' });
    expect(registered.status).toBe(200);
    for (const code of registered.body.recovery_codes) remember(code);
    return { user, authenticator };
  }

  const answerWith = (authenticator: Authenticator, { options }: any) =>
    authenticator.get(options, headless().server.issuer);

  test('a code of the app finishes it', async () => {
    const user = await personWithTotp(headless());
    await earlyInStep();
    const session = await begin(headless().server, user);
    expect(typesOf(session.queries)).toEqual(['recovery_code', 'totp']);
    const { status, body } = await session.call('POST', '/authenticate/totp', { code: totpCode(user.secret) });
    expect({ status, body }).toEqual({
      status: 200,
      body: { session_token: session.token, state: 'full', queries: [], expires_at: expect.any(String) },
    });
    expect(await amrOf(session)).toEqual(['pwd', 'otp', 'mfa']);
    expect((await session.call('GET', '/me')).status).toBe(200);

    const again = await session.call('POST', '/authenticate/totp', { code: totpCode(user.secret) });
    expect(again.status).toBe(409);
    const replay = await begin(headless().server, user);
    const used = await replay.call('POST', '/authenticate/totp', { code: totpCode(user.secret) });
    expect(used.status).toBe(401);
  });

  test('a wrong code is refused, says so and leaves it open', async () => {
    const user = await personWithTotp(headless());
    const session = await begin(headless().server, user);
    const { status, headers, body } = await session.call('POST', '/authenticate/totp', { code: WRONG });
    expect({ status, challenge: headers.get('www-authenticate') }).toEqual({ status: 401, challenge: 'Bearer' });
    expect(body.detail).toBe('the answer was refused');
    expect((await session.call('GET', '/session')).body.state).toBe('partial');
    expect((await session.call('POST', '/authenticate/totp', { code: totpCode(user.secret) })).status).toBe(200);
  });

  test.each(['12345', '1234567', 'abcdef', '', '１２３', '12345é'])('%p is no code at all', async (code) => {
    const session = await begin(headless().server, await personWithTotp(headless()));
    const { status, body } = await session.call('POST', '/authenticate/totp', { code });
    expect({ status, errors: body.errors }).toEqual({
      status: 422,
      errors: [{ path: 'code', message: expect.any(String) }],
    });
  });

  test('codes as people type them are taken', async () => {
    const user = await personWithTotp(headless());
    const session = await begin(headless().server, user);
    const code = totpCode(user.secret);
    const typed = ` ${code.slice(0, 3)} ${code.slice(3)} `.replace(/\d/g, (digit) =>
      String.fromCharCode(0xff10 + Number(digit)),
    );
    expect((await session.call('POST', '/authenticate/totp', { code: typed })).status).toBe(200);
  });

  test('a recovery code does instead, once', async () => {
    const user = await personWithTotp(headless());
    const [code = ''] = user.recoveryCodes;
    const first = await begin(headless().server, user);
    expect((await first.call('POST', '/authenticate/recovery_code', { code })).body.state).toBe('full');
    const second = await begin(headless().server, user);
    expect((await second.call('POST', '/authenticate/recovery_code', { code })).status).toBe(401);
  });

  test('many wrong codes wait, and the wait has an end', async () => {
    const session = await begin(headless().server, await personWithTotp(headless()));
    let answer = await session.call('POST', '/authenticate/totp', { code: WRONG });
    for (let tries = 0; answer.status === 401 && tries < 20; tries += 1) {
      answer = await session.call('POST', '/authenticate/totp', { code: WRONG });
    }
    expect(answer.status).toBe(429);
    expect(Number(answer.headers.get('retry-after'))).toBeGreaterThan(0);
    // A second sign-in is no second chance.
    const recovery = await session.call('POST', '/authenticate/recovery_code', { code: 'aaaaa-aaaaa' });
    expect([422, 429]).toContain(recovery.status);
  });

  test('what is not asked is not looked at', async () => {
    const session = await begin(headless().server, await personWithTotp(headless()));
    for (const [type, body] of Object.entries({
      new_password: { password: 'another good one 123' },
      enroll_totp: {},
      enroll_webauthn: {},
      webauthn: { response: {} },
    })) {
      expect({ type, status: (await session.call('POST', `/authenticate/${type}`, body)).status }).toEqual({
        type,
        status: 409,
      });
    }
  });

  test('a password that must be changed is, before anything else can be done', async () => {
    const { server, api } = headless();
    const user = await registerUser(api, { must_change_password: true });
    const session = await begin(server, user);
    expect(typesOf(session.queries)).toEqual(['new_password']);
    const bad = await session.call('POST', '/authenticate/new_password', { password: 'short' });
    expect({ status: bad.status, path: bad.body.errors[0].path }).toEqual({ status: 422, path: 'password' });
    const password = 'quite another one 42';
    const done = await session.call('POST', '/authenticate/new_password', { password });
    expect(done.body).toMatchObject({ state: 'full', queries: [] });
    expect((await prove(server, passwordOf(user))).status).toBe(401);
    expect((await prove(server, { ...passwordOf(user), password })).body.state).toBe('full');
  });

  test('an app that is demanded and lacking is enrolled on the way', async () => {
    const user = await personUnder(headless(), { secondary: { require_totp: true } });
    const session = await begin(headless().server, user);
    expect(typesOf(session.queries)).toEqual(['enroll_totp']);
    const begun = await session.call('POST', '/authenticate/enroll_totp');
    expect(begun.body).toEqual({
      enrollment: expect.any(String),
      secret: expect.stringMatching(/^[A-Z2-7 ]+$/),
      uri: expect.stringMatching(/^otpauth:\/\/totp\//),
      qr: expect.stringMatching(/^<svg/),
    });
    const { enrollment, secret } = begun.body;
    remember(secret);
    expect((await session.call('POST', '/authenticate/enroll_totp', { enrollment })).status).toBe(422);
    expect((await session.call('POST', '/authenticate/enroll_totp', { enrollment, code: WRONG })).status).toBe(401);
    const other = await begin(headless().server, await personUnder(headless(), { secondary: { require_totp: true } }));
    const stolen = await other.call('POST', '/authenticate/enroll_totp', { enrollment, code: totpCode(secret) });
    expect(stolen.status).toBeGreaterThanOrEqual(400);

    const done = await session.call('POST', '/authenticate/enroll_totp', { enrollment, code: totpCode(secret) });
    expect(done.body).toMatchObject({ state: 'full', session_token: session.token });
    expect(done.body.recovery_codes).toHaveLength(10);
    for (const code of done.body.recovery_codes) remember(code);
    expect(await amrOf(session)).toEqual(['pwd', 'otp', 'mfa']);
    expect(typesOf((await begin(headless().server, user)).queries)).toEqual(['recovery_code', 'totp']);
  });

  test('so is a passkey, and with require_any either', async () => {
    const any = await begin(headless().server, await personUnder(headless(), { secondary: { require_any: true } }));
    expect(typesOf(any.queries)).toEqual(['enroll_totp', 'enroll_webauthn']);
    const user = await personUnder(headless(), { secondary: { require_webauthn: true } });
    const session = await begin(headless().server, user);
    expect(typesOf(session.queries)).toEqual(['enroll_webauthn']);
    const { options } = (await session.call('POST', '/authenticate/enroll_webauthn')).body;
    const authenticator = createAuthenticator();
    const response = authenticator.create(options, headless().server.issuer);
    const elsewhere = createAuthenticator().create(options, 'https://evil.example');
    const refused = await session.call('POST', '/authenticate/enroll_webauthn', { response: elsewhere });
    expect(refused.status).toBe(401);
    const done = await session.call('POST', '/authenticate/enroll_webauthn', { response, name: 'My phone' });
    expect(done.body).toMatchObject({ state: 'full' });
    for (const code of done.body.recovery_codes) remember(code);
    const { body } = await session.call('GET', '/me/authenticators');
    expect(body.items).toContainEqual(expect.objectContaining({ type: 'passkey', name: 'My phone' }));
  });

  test('a passkey is the second factor, where it is demanded, and nobody else’s will do', async () => {
    const { user, authenticator } = await withPasskey();
    await headless().api.patch(`/auth-policies/${user.policyId}`, { secondary: { require_webauthn: true } });
    const session = await begin(headless().server, user);
    const query = session.queries.find(({ type }) => type === 'webauthn');
    expect(query).toMatchObject({ options: { challenge: expect.any(String), userVerification: 'required' } });
    const stranger = await withPasskey();
    const foreign = answerWith(stranger.authenticator, {
      options: { ...(query as any).options, allowCredentials: [] },
    });
    expect((await session.call('POST', '/authenticate/webauthn', { response: foreign })).status).toBe(401);
    const response = answerWith(authenticator, query);
    const done = await session.call('POST', '/authenticate/webauthn', { response });
    expect(done.body).toMatchObject({ state: 'full' });
    expect(await amrOf(session)).toEqual(['pwd', 'pop', 'mfa']);
  });

  test('a passkey alone signs in, whoever it belongs to; its challenge is good for one answer', async () => {
    const { server } = headless();
    const { user, authenticator } = await withPasskey();
    const { challenge_id, options } = (await callApi(server, 'POST', '/authenticate/options')).body;
    const response = answerWith(authenticator, { options });
    const { status, body } = await prove(server, { method: 'webauthn', challenge_id, response });
    expect({ status, state: body.state }).toEqual({ status: 200, state: 'full' });
    // The caller, or somebody who had a hand in it, chose the challenge: it must not be the session's token.
    expect(body.session_token).not.toBe(challenge_id);
    expectDead(await callApi(server, 'GET', '/session', { token: challenge_id }));
    const { body: session } = await callApi(server, 'GET', '/session', { token: body.session_token });
    expect(session).toMatchObject({ user_id: user.id, acr: 'phr', amr: ['pop', 'mfa'] });

    const replayed = await prove(server, { method: 'webauthn', challenge_id, response });
    const other = (await callApi(server, 'POST', '/authenticate/options')).body;
    const swapped = await prove(server, { method: 'webauthn', challenge_id: other.challenge_id, response });
    const unknown = await prove(server, { method: 'password', username: 'nobody-at-all', password: 'x' });
    expect(essence(replayed)).toEqual(essence(unknown));
    expect(essence(swapped)).toEqual(essence(unknown));
  });

  test('a passkey signs in while guesses have locked the password, and ends no lock', async () => {
    const { server, api } = headless();
    const { user, authenticator } = await withPasskey();
    await api.patch(`/auth-policies/${user.policyId}`, { primary: { updb: { max_attempts: 1, lockout_duration: 0 } } });
    expect((await prove(server, { ...passwordOf(user), password: 'certainly not this one' })).status).toBe(401);
    expect((await prove(server, passwordOf(user))).status).toBe(401);
    const { challenge_id, options } = (await callApi(server, 'POST', '/authenticate/options')).body;
    const response = answerWith(authenticator, { options });
    const { body } = await prove(server, { method: 'webauthn', challenge_id, response });
    expect(body.state).toBe('full');
    expect((await api.get(`/users/${user.id}`)).body).toMatchObject({ locked: true });
    expect((await prove(server, passwordOf(user))).status).toBe(401);
  });

  test('acr_values ask for more than the policy does', async () => {
    const { server } = headless();
    const { user, authenticator } = await withPasskey();
    const { body } = await prove(server, { ...passwordOf(user), acr_values: 'urn:mintmark:acr:2fa' });
    expect(body.state).toBe('partial');
    const response = answerWith(
      authenticator,
      body.queries.find(({ type }: any) => type === 'webauthn'),
    );
    const done = await callApi(server, 'POST', '/authenticate/webauthn', {
      token: body.session_token,
      body: { response },
    });
    expect(done.body.state).toBe('full');
  });

  test('what is demanded and can neither be answered nor enrolled leaves nothing to answer', async () => {
    const settings = { secondary: { require_totp: true, allow_enrollment: false } };
    const session = await begin(headless().server, await personUnder(headless(), settings));
    expect(session.queries).toEqual([]);
    expect((await session.call('POST', '/authenticate/enroll_totp')).status).toBe(409);
  });
});
