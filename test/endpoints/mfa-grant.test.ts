import { beforeAll, beforeEach, describe, expect, test } from '@jest/globals';
import { type RegisteredClient, type RegisteredUser, registerClient, registerUser } from '../support/clients.ts';
import { ENGINES } from '../support/database.ts';
import { authenticate, type Enrolled, enrollTotp } from '../support/people.ts';
import { type Server, secondInstance } from '../support/server.ts';
import { earlyInStep, totpCode } from '../support/totp.ts';
import { remember } from '../support/vault.ts';
import { type Answer, granted, introspect, refreshed, startWorld, token, type World } from './protocol.ts';

const MFA_GRANT = 'urn:mintmark:grant-type:mfa';
const MACHINE_SHAPE = { redirect_uris: [], response_types: [], grant_types: ['password', 'refresh_token'] };

describe.each(ENGINES)('The password grant of who owes a second factor on %s', (engine) => {
  let world: World;
  let app: RegisteredClient;
  let ann: RegisteredUser;
  let factor: Enrolled;

  beforeAll(async () => {
    world = await startWorld(engine);
    app = await registerClient(world.admin, { ...MACHINE_SHAPE, scope: 'openid email offline_access' });
  });

  beforeEach(async () => {
    ann = await registerUser(world.admin);
    factor = await enrollTotp(world.server, ann);
  });

  const byPassword = (scope = 'openid', as = app, server: Server = world.server) =>
    token(server, { grant_type: 'password', username: ann.username, password: ann.password, scope }, { as });
  const second = (parameters: Record<string, string>, as = app, server: Server = world.server) =>
    token(server, { grant_type: MFA_GRANT, ...parameters }, { as });

  async function challenge(scope?: string): Promise<string> {
    const { status, body } = await byPassword(scope);
    expect({ status, body }).toEqual({
      status: 403,
      body: {
        error: 'mfa_required',
        error_description: expect.any(String),
        mfa_token: expect.stringMatching(/^[\w-]{43}$/),
        queries: [{ type: 'totp' }, { type: 'recovery_code' }],
      },
    });
    remember(body.mfa_token);
    return body.mfa_token;
  }

  const refused = ({ status, body }: Answer) => ({ status, error: body.error });

  test('is finished with a code; the tokens are those that the password asked for', async () => {
    const mfa_token = await challenge('openid email offline_access');
    const tokens = granted(await second({ mfa_token, otp: totpCode(factor.secret) }));
    expect(tokens.scope).toBe('openid email offline_access');
    expect(await introspect(world.server, tokens.access_token, app)).toMatchObject({
      active: true,
      sub: ann.id,
      acr: 'urn:mintmark:acr:2fa',
      amr: ['pwd', 'otp', 'mfa'],
      auth_time: expect.any(Number),
    });
    const next = granted(await refreshed(world.server, tokens.refresh_token, app));
    expect(await introspect(world.server, next.access_token, app)).toMatchObject({ acr: 'urn:mintmark:acr:2fa' });
  });

  test('is finished with a recovery code, which then is used up', async () => {
    const [recovery_code = ''] = factor.recoveryCodes;
    granted(await second({ mfa_token: await challenge(), recovery_code: ` ${recovery_code.toUpperCase()} ` }));
    expect(refused(await second({ mfa_token: await challenge(), recovery_code }))).toEqual({
      status: 400,
      error: 'invalid_grant',
    });
  });

  test('survives a wrong code, and is over with the right one', async () => {
    const mfa_token = await challenge();
    const wrong = totpCode(factor.secret, 40);
    expect(refused(await second({ mfa_token, otp: wrong }))).toEqual({ status: 400, error: 'invalid_grant' });
    const otp = totpCode(factor.secret);
    granted(await second({ mfa_token, otp }));
    expect(refused(await second({ mfa_token, otp: totpCode(factor.secret, 1) }))).toEqual({
      status: 400,
      error: 'invalid_grant',
    });
  });

  test('takes a code once, whatever it is presented for', async () => {
    await earlyInStep();
    const otp = totpCode(factor.secret);
    granted(await second({ mfa_token: await challenge(), otp }));
    expect(refused(await second({ mfa_token: await challenge(), otp }))).toEqual({
      status: 400,
      error: 'invalid_grant',
    });
  });

  test.each(['12345', '1234567', 'abcdef', '', '12 34 5'])('a code of %p is no guess', async (otp) => {
    const mfa_token = await challenge();
    expect(refused(await second({ mfa_token, otp }))).toEqual({ status: 400, error: 'invalid_request' });
    granted(
      await second({ mfa_token, otp: `${totpCode(factor.secret).slice(0, 3)} ${totpCode(factor.secret).slice(3)}` }),
    );
  });

  test('is of no use to another client, and stays good for its own', async () => {
    const other = await registerClient(world.admin, { ...MACHINE_SHAPE, scope: 'openid' });
    const mfa_token = await challenge();
    const otp = totpCode(factor.secret);
    expect(refused(await second({ mfa_token, otp }, other))).toEqual({ status: 400, error: 'invalid_grant' });
    granted(await second({ mfa_token, otp }));
  });

  test('cannot be widened on the way', async () => {
    const mfa_token = await challenge('openid');
    const tokens = granted(
      await second({ mfa_token, otp: totpCode(factor.secret), scope: 'openid email offline_access' }),
    );
    expect(tokens.scope).toBe('openid');
  });

  test('is only for clients that may use the password grant', async () => {
    const web = await registerClient(world.admin);
    expect(refused(await second({ mfa_token: 'x', otp: '123456' }, web))).toEqual({
      status: 400,
      error: 'unauthorized_client',
    });
  });

  test('a wrong password learns nothing of second factors', async () => {
    const answer = await token(
      world.server,
      { grant_type: 'password', username: ann.username, password: 'not the password' },
      { as: app },
    );
    expect(answer.body).toEqual({
      error: 'invalid_grant',
      error_description: 'the user name or password is wrong',
    });
  });

  test('the second factor of somebody disabled meanwhile is none', async () => {
    const mfa_token = await challenge();
    await world.admin.post(`/users/${ann.id}/disable`);
    expect(refused(await second({ mfa_token, otp: totpCode(factor.secret) }))).toEqual({
      status: 400,
      error: 'invalid_grant',
    });
  });

  test('guessing is slowed down, in all challenges together', async () => {
    const answers: Answer[] = [];
    for (let guess = 0; guess < 8; guess += 1) {
      answers.push(await second({ mfa_token: await challenge(), otp: totpCode(factor.secret, 100 + guess) }));
    }
    const slowed = answers.find(({ status }) => status === 429);
    expect(slowed?.body.error).toBe('slow_down');
    expect(Number(slowed?.headers.get('retry-after'))).toBeGreaterThan(0);
    // The right code is not looked at either: otherwise the delay would tell nothing to who guesses on.
    expect(refused(await second({ mfa_token: await challenge(), otp: totpCode(factor.secret) }))).toEqual({
      status: 429,
      error: 'slow_down',
    });
  });

  test('who has something to set up first is sent to a browser', async () => {
    const { body: policy } = await world.admin.post('/auth-policies', {
      name: 'Codes',
      secondary: { require_totp: true },
    });
    const bob = await registerUser(world.admin, { policy_id: policy.id });
    const answer = await token(
      world.server,
      { grant_type: 'password', username: bob.username, password: bob.password, scope: 'openid' },
      { as: app },
    );
    expect(refused(answer)).toEqual({ status: 400, error: 'interaction_required' });
    expect((await authenticate(world.server, bob)).queries).toMatchObject([{ type: 'enroll_totp' }]);
  });

  if (engine === 'postgres') {
    test('one code at two instances at the same instant gives tokens once', async () => {
      const other = await secondInstance(world.server);
      await earlyInStep();
      const challenges = await Promise.all(Array.from({ length: 8 }, () => challenge()));
      const otp = totpCode(factor.secret);
      const answers = await Promise.all(
        challenges.map((mfa_token, no) => second({ mfa_token, otp }, app, no % 2 ? other : world.server)),
      );
      expect(answers.filter(({ status }) => status === 200)).toHaveLength(1);
    });

    test('one challenge answered twice at once gives tokens once', async () => {
      const mfa_token = await challenge();
      const [first = '', next = ''] = factor.recoveryCodes;
      const answers = await Promise.all([
        second({ mfa_token, otp: totpCode(factor.secret) }),
        second({ mfa_token, recovery_code: first }),
        second({ mfa_token, recovery_code: next }),
      ]);
      expect(answers.filter(({ status }) => status === 200)).toHaveLength(1);
    });
  }
});
