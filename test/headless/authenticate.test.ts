import { describe, expect, test } from '@jest/globals';
import { registerUser } from '../support/clients.ts';
import { ENGINES } from '../support/database.ts';
import { observedFetch } from '../support/http.ts';
import { callApi } from '../support/people.ts';
import { essence, passwordOf, personUnder, prove, withHeadless } from './support.ts';

describe.each(ENGINES)('the first proof, on %s', (engine) => {
  const headless = withHeadless(engine);

  test('a right password of somebody who owes nothing more is a full session', async () => {
    const { server, api } = headless();
    const user = await registerUser(api);
    const { status, headers, body } = await prove(server, passwordOf(user));
    expect({ status, body }).toEqual({
      status: 200,
      body: {
        session_token: expect.stringMatching(/^[\w-]{43}$/),
        state: 'full',
        queries: [],
        expires_at: expect.stringMatching(/^\d{4}-.*Z$/),
      },
    });
    expect(headers.get('cache-control')).toBe('no-store');
    expect(headers.get('set-cookie')).toBeNull();
    expect(Date.parse(body.expires_at)).toBeGreaterThan(Date.now());
  });

  test('every sign-in has a token of its own', async () => {
    const { server, api } = headless();
    const user = await registerUser(api);
    const answers = await Promise.all([prove(server, passwordOf(user)), prove(server, passwordOf(user))]);
    expect(new Set(answers.map(({ body }) => body.session_token)).size).toBe(2);
  });

  test('whatever is wrong with it, the answer is the same to the letter; the audit log knows why', async () => {
    const { server, api } = headless();
    const wrong = await registerUser(api);
    const disabled = await registerUser(api);
    const none = await registerUser(api, { password: undefined });
    const forbidden = await personUnder(headless(), { primary: { updb: { allowed: false } } });
    await api.post(`/users/${disabled.id}/disable`, {});
    const { challenge_id } = (await callApi(server, 'POST', '/authenticate/options')).body;
    const response = { id: 'eA', rawId: 'eA', type: 'public-key', response: {}, clientExtensionResults: {} };

    const attempts = {
      'a wrong password': { ...passwordOf(wrong), password: 'wrong horse battery staple' },
      'an unknown name': { method: 'password', username: 'nobody-at-all', password: 'x' },
      'what can be no name': { method: 'password', username: ' ', password: 'x' },
      'no password at all': { ...passwordOf(none), password: '' },
      'a password longer than any': { ...passwordOf(wrong), password: 'x'.repeat(2000) },
      'a disabled user': passwordOf(disabled),
      'a method that the policy forbids': passwordOf(forbidden),
      'a certificate': { method: 'cert' },
      'a token of somebody else': { method: 'jwt', token: 'a.b.c' },
      'a passkey of nobody': { method: 'webauthn', challenge_id, response },
      'a challenge that was not ours': { method: 'webauthn', challenge_id: 'x', response },
    };
    const answers = new Map<string, unknown>();
    for (const [what, body] of Object.entries(attempts)) answers.set(what, essence(await prove(server, body)));
    const [first] = answers.values();
    expect(first).toMatchObject({ status: 401, body: { title: 'Unauthorized' } });
    for (const [what, answer] of answers) expect({ what, answer }).toEqual({ what, answer: first });

    const { body } = await api.get(`/audit?target=user:${disabled.id}&action=login`);
    expect(body.items).toMatchObject([{ outcome: 'failure', reason: 'disabled', actor: 'anybody' }]);
    const log = await api.get(`/audit?target=user:${forbidden.id}&action=login`);
    expect(log.body.items).toMatchObject([{ outcome: 'failure', reason: 'forbidden_by_policy' }]);
  });

  test.each<[what: string, body: string, status: number]>([
    ['no method', '{"username":"a","password":"b"}', 400],
    ['an unknown method', '{"method":"magic"}', 400],
    ['an unknown member', '{"method":"password","username":"a","password":"b","otp":"1"}', 400],
    ['no password', '{"method":"password","username":"a"}', 400],
    ['a password that is a number', '{"method":"password","username":"a","password":1}', 400],
    ['a passkey without its challenge', '{"method":"webauthn","response":{}}', 400],
    ['an array', '[]', 400],
    ['no JSON', '{"method"', 400],
  ])('%s is told apart from a wrong proof', async (_what, body, status) => {
    const answer = await observedFetch(`${headless().server.url}/api/v1/authenticate`, {
      method: 'POST',
      headers: { 'content-type': 'application/json' },
      body,
    });
    expect(answer.status).toBe(status);
    expect(answer.headers.get('content-type')).toMatch(/^application\/problem\+json/);
  });
});
