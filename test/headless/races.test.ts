import { beforeAll, describe, expect, test } from '@jest/globals';
import { createAuthenticator } from '../support/authenticator.ts';
import { adminApi, registerUser } from '../support/clients.ts';
import { ENGINES } from '../support/database.ts';
import { authenticateByPasskey, callApi } from '../support/people.ts';
import { type Server, secondInstance, startServer } from '../support/server.ts';
import { earlyInStep, totpCode } from '../support/totp.ts';
import { remember } from '../support/vault.ts';
import { begin, expectDead, fullSession, type Headless, personWithTotp } from './support.ts';

describe.each(ENGINES)('headless sign-ins at one instant, on %s', (engine) => {
  let headless: Headless;
  /** On Postgres two, of which each answers half. */
  let servers: Server[];

  beforeAll(async () => {
    const server = await startServer({ engine });
    headless = { server, api: await adminApi(server) };
    servers = engine === 'postgres' ? [server, await secondInstance(server)] : [server];
  });

  const at = (i: number) => servers[i % servers.length] as Server;
  const all = <T>(count: number, ask: (server: Server, i: number) => Promise<T>) =>
    Promise.all(Array.from({ length: count }, (_, i) => ask(at(i), i)));
  const statuses = (answers: { status: number }[]) => answers.map(({ status }) => status).sort();

  test('one code of the app finishes one of two sign-ins', async () => {
    for (let round = 0; round < 5; round += 1) {
      const user = await personWithTotp(headless);
      await earlyInStep();
      const sessions = await all(2, (server) => begin(server, user));
      const code = totpCode(user.secret);
      const answers = await all(2, (server, i) =>
        callApi(server, 'POST', '/authenticate/totp', { token: sessions[i]?.token ?? '', body: { code } }),
      );
      expect(statuses(answers)).toEqual([200, 401]);
      const states = await all(2, (server, i) =>
        callApi(server, 'GET', '/session', { token: sessions[i]?.token ?? '' }),
      );
      expect(states.map(({ body }) => body.state).sort()).toEqual(['full', 'partial']);
    }
  });

  test('one recovery code finishes one of two sign-ins', async () => {
    const user = await personWithTotp(headless);
    const sessions = await all(2, (server) => begin(server, user));
    const body = { code: user.recoveryCodes[0] };
    const answers = await all(2, (server, i) =>
      callApi(server, 'POST', '/authenticate/recovery_code', { token: sessions[i]?.token ?? '', body }),
    );
    expect(statuses(answers)).toEqual([200, 401]);
  });

  test('one sign-in that is answered many times at once becomes one session', async () => {
    const user = await personWithTotp(headless);
    const { token } = await begin(headless.server, user);
    const answers = await all(6, (server, i) =>
      callApi(server, 'POST', '/authenticate/recovery_code', { token, body: { code: user.recoveryCodes[i] } }),
    );
    expect(answers.every(({ status }) => status < 500)).toBe(true);
    expect(answers.filter(({ body }) => body.state === 'full').length).toBeGreaterThanOrEqual(1);
    expect((await headless.api.get(`/users/${user.id}/sessions`)).body.items).toHaveLength(1);
    expect((await callApi(at(1), 'GET', '/me', { token })).status).toBe(200);
  });

  test('one passkey response signs in once', async () => {
    const user = await registerUser(headless.api);
    const session = await fullSession(headless.server, user);
    const authenticator = createAuthenticator();
    const { options } = (await session.call('POST', '/me/passkeys')).body;
    const response = authenticator.create(options, headless.server.issuer);
    const { body: made } = await session.call('POST', '/me/passkeys', { response });
    for (const code of made.recovery_codes) remember(code);
    for (let round = 0; round < 3; round += 1) {
      const challenge = (await callApi(headless.server, 'POST', '/authenticate/options')).body;
      const proof = {
        method: 'webauthn',
        challenge_id: challenge.challenge_id,
        response: authenticator.get(challenge.options, headless.server.issuer),
      };
      const answers = await all(6, (server) => callApi(server, 'POST', '/authenticate', { body: proof }));
      expect(statuses(answers)).toEqual([200, 401, 401, 401, 401, 401]);
    }
  });

  test('two who set up a second factor at once are shown one list of recovery codes', async () => {
    for (let round = 0; round < 4; round += 1) {
      const user = await registerUser(headless.api);
      const session = await fullSession(headless.server, user);
      const { enrollment, secret } = (await session.call('POST', '/me/totp')).body;
      remember(secret);
      const { options } = (await session.call('POST', '/me/passkeys')).body;
      const response = createAuthenticator().create(options, headless.server.issuer);
      const { token } = session;
      const answers = await Promise.all([
        callApi(at(0), 'POST', '/me/totp', { token, body: { enrollment, code: totpCode(secret) } }),
        callApi(at(1), 'POST', '/me/passkeys', { token, body: { response } }),
      ]);
      const shown = answers.flatMap(({ body }) => body.recovery_codes ?? []);
      for (const code of shown) remember(code);
      // Whoever comes second may already have to prove the first.
      expect(answers.every(({ status }) => status === 200 || status === 401)).toBe(true);
      expect(shown).toHaveLength(10);
    }
  });

  test('of the last two ways to sign in one stays', async () => {
    for (let round = 0; round < 6; round += 1) {
      const user = await registerUser(headless.api);
      const device = createAuthenticator();
      const session = await fullSession(headless.server, user);
      const { options } = (await session.call('POST', '/me/passkeys')).body;
      const response = device.create(options, headless.server.issuer);
      const { body: passkey } = await session.call('POST', '/me/passkeys', { response });
      for (const code of passkey.recovery_codes) remember(code);
      const { token } = await authenticateByPasskey(headless.server, device);
      const answers = await all(2, (server, i) =>
        callApi(server, 'DELETE', `/me/authenticators/${i === 0 ? 'password' : passkey.id}`, { token }),
      );
      expect(statuses(answers)).toEqual([204, 409]);
      const { items } = (await headless.api.get(`/users/${user.id}/authenticators`)).body;
      expect(items.filter(({ type }: any) => type === 'password' || type === 'passkey')).toHaveLength(1);
    }
  });

  test('a sign-out that races the last answer leaves nothing that lives', async () => {
    for (let round = 0; round < 8; round += 1) {
      const user = await personWithTotp(headless);
      const { token } = await begin(headless.server, user);
      const [answer, out] = await Promise.all([
        callApi(at(0), 'POST', '/authenticate/recovery_code', { token, body: { code: user.recoveryCodes[0] } }),
        callApi(at(1), 'DELETE', '/session', { token }),
      ]);
      expect([200, 401]).toContain(answer.status);
      expect(out.status).toBe(204);
      expectDead(await callApi(at(0), 'GET', '/session', { token }));
      expect((await headless.api.get(`/users/${user.id}/sessions`)).body.items).toEqual([]);
    }
  });

  test('a session of one instance lives and dies at the other', async () => {
    const user = await registerUser(headless.api);
    const { token } = await fullSession(at(0), user);
    expect((await callApi(at(1), 'GET', '/me', { token })).status).toBe(200);
    await headless.api.post(`/users/${user.id}/disable`, {});
    expectDead(await callApi(at(1), 'GET', '/me', { token }));
  });
});
