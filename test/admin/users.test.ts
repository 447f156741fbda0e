import { randomBytes } from 'node:crypto';
import { describe, expect, test } from '@jest/globals';
import { signInFor } from '../endpoints/protocol.ts';
import { registerClient, registerUser } from '../support/clients.ts';
import { ENGINES } from '../support/database.ts';
import { eventually } from '../support/eventually.ts';
import { remember } from '../support/vault.ts';
import { withAdministration } from './support.ts';

const random = () => {
  const value = randomBytes(9).toString('hex');
  remember(value);
  return value;
};

describe.each(ENGINES)('/users on %s', (engine) => {
  const administration = withAdministration(engine);

  test('a user is created, read, changed and deleted; the password is never shown', async () => {
    const { api } = administration();
    const password = random();
    const wanted = { username: 'ada', email: 'ada@example.com', name: 'Ada', claims: { locale: 'en' } };
    const { status, headers, body } = await api.post('/users', { ...wanted, password });
    expect({ status, body }).toMatchObject({ status: 201, body: { ...wanted, has_password: true, disabled: false } });
    expect(JSON.stringify(body)).not.toContain(password);
    expect(headers.get('location')).toBe(`/api/v1/users/${body.id}`);
    const patched = await api.patch(`/users/${body.id}`, { email: null, claims: { locale: null, zoneinfo: 'UTC' } });
    expect(patched).toMatchObject({ status: 200, body: { email: null, claims: { zoneinfo: 'UTC' } } });
    expect(await api.get(`/users/${body.id}`)).toMatchObject({ status: 200, body: patched.body });
    expect(await api.delete(`/users/${body.id}`)).toMatchObject({ status: 204 });
    expect(await api.get(`/users/${body.id}`)).toMatchObject({ status: 404 });
  });

  test('Ann, ann and full-width Ａｎｎ are one username', async () => {
    const { api } = administration();
    expect(await api.post('/users', { username: ' Ａnn ' })).toMatchObject({ status: 201, body: { username: 'Ann' } });
    expect(await api.post('/users', { username: 'ann' })).toMatchObject({ status: 409 });
    const { id } = await registerUser(api);
    expect(await api.patch(`/users/${id}`, { username: 'ANN' })).toMatchObject({ status: 409 });
  });

  test('a name in one alphabet is fine, and one from before the rule stays', async () => {
    const { api } = administration();
    for (const username of ['\u0430\u043d\u043d\u0430', '\u0391\u03bd\u03bd\u03b1', '\u65e5\u672cann', 'ann-\u00e9']) {
      expect(await api.post('/users', { username })).toMatchObject({ status: 201, body: { username } });
    }
    const { id } = await registerUser(api);
    const mixed = await api.patch(`/users/${id}`, { username: 'p\u0430ul' });
    expect(mixed).toMatchObject({ status: 422, body: { errors: [{ path: 'username' }] } });
  });

  test('what an administrator decides is shown: policy, new password asked for, when it was set', async () => {
    const { api } = administration();
    const plain = await api.post('/users', { username: 'plain' });
    expect(plain.body).toMatchObject({
      policy_id: 'default',
      must_change_password: false,
      password_changed_at: null,
      locked: false,
      locked_until: null,
    });
    const { id } = plain.body;
    const asked = await api.patch(`/users/${id}`, { password: random(), must_change_password: true });
    expect(asked.body).toMatchObject({ must_change_password: true, password_changed_at: expect.any(String) });
    expect((await api.get(`/users/${id}`)).body).toEqual(asked.body);
    const other = await api.patch(`/users/${id}`, { must_change_password: null, policy_id: null, password: null });
    expect(other.body).toMatchObject({ must_change_password: false, policy_id: 'default', has_password: false });
    expect(other.body.password_changed_at).toBeNull();
    expect(await api.patch(`/users/${id}`, { policy_id: 'nobody-made-it' })).toMatchObject({
      status: 422,
      body: { errors: [{ path: 'policy_id' }] },
    });
  });

  test('a password by an administrator signs the user out everywhere; other changes do not', async () => {
    const { api, server } = administration();
    const [user, client] = [await registerUser(api), await registerClient(api)];
    const sessions = async () => (await api.get(`/users/${user.id}/sessions`)).body.items.length;
    await signInFor(server, client, user);
    await api.patch(`/users/${user.id}`, { name: 'Other', must_change_password: false });
    expect(await sessions()).toBe(1);
    await api.patch(`/users/${user.id}`, { password: random() });
    expect(await sessions()).toBe(0);
  });

  test('a link to a new password is in one answer only, and is recorded', async () => {
    const { api, server } = administration();
    const { id } = await registerUser(api);
    const before = Date.now();
    const made = await api.post(`/users/${id}/password-reset`, { expires_in: 60 });
    expect(made).toMatchObject({ status: 201, body: { expires_at: expect.any(String) } });
    expect(made.body.link).toMatch(new RegExp(`^${server.issuer}/account/reset/[\\w-]{43}$`));
    remember(made.body.link.split('/').at(-1));
    const seconds = (Date.parse(made.body.expires_at) - before) / 1000;
    expect(Math.abs(seconds - 60)).toBeLessThan(5);
    const { items } = (await api.get(`/audit?action=password.reset_link&target=user:${id}`)).body;
    expect(items).toMatchObject([{ actor: `client:${server.admin.client_id}`, outcome: 'success' }]);
    expect(await api.post(`/users/${id}/password-reset`, { expires_in: 59 })).toMatchObject({ status: 422 });
    expect(await api.post('/users/nobody/password-reset')).toMatchObject({ status: 404 });
  });

  test('a user disabled for a time is enabled when it has passed', async () => {
    const { api } = administration();
    const { id } = await registerUser(api);
    const { body } = await api.post(`/users/${id}/disable`, { duration: 1 });
    expect(body).toMatchObject({ disabled: true, disabled_until: expect.any(String) });
    await eventually(async () => (await api.get(`/users/${id}`)).body.disabled === false);
    expect((await api.get(`/users/${id}`)).body).toMatchObject({ disabled: false, disabled_until: null });
  });

  test('a user disabled without end stays so until enabled', async () => {
    const { api } = administration();
    const { id } = await registerUser(api);
    const forever = { status: 200, body: { disabled: true, disabled_until: null } };
    expect(await api.post(`/users/${id}/disable`, { duration: null })).toMatchObject(forever);
    expect(await api.patch(`/users/${id}`, { name: 'Other' })).toMatchObject(forever);
    expect(await api.post(`/users/${id}/enable`)).toMatchObject({ status: 200, body: { disabled: false } });
    expect(await api.patch(`/users/${id}`, { disabled: true })).toMatchObject(forever);
  });

  test('what is no id names nobody', async () => {
    const { api } = administration();
    for (const id of ['nobody', "' or true --", '00000000-0000-0000-0000-000000000000', 'x'.repeat(2_000)]) {
      const path = `/users/${encodeURIComponent(id)}`;
      expect(await api.get(path)).toMatchObject({ status: 404 });
      expect(await api.patch(path, {})).toMatchObject({ status: 404 });
      expect(await api.post(`${path}/disable`)).toMatchObject({ status: 404 });
      expect(await api.delete(path)).toMatchObject({ status: 404 });
    }
  });

  test.each([
    ['an empty username', { username: ' ' }, 'username'],
    ['a username with a control character', { username: 'a\u0007b' }, 'username'],
    ['a short password', { password: 'sh0rt-x' }, 'password'],
    ['an endless password', { password: 'x'.repeat(1_025) }, 'password'],
    ['a claim that only the server makes', { claims: { sub: 'somebody else' } }, 'claims.sub'],
    ['a claim that has its own member', { claims: { email: 'a@example.com' } }, 'claims.email'],
    ['an unknown policy', { policy_id: 'nobody-made-it' }, 'policy_id'],
    ['a name of two alphabets that look alike', { username: '\u0430nn' }, 'username'],
    ['an MD5 hash', { password_hash: '5f4dcc3b5aa765d61d8327deb882cf99' }, 'password_hash'],
    ['a hash that takes minutes', { password_hash: `$2b$20$${'a'.repeat(53)}` }, 'password_hash'],
    [
      'a hash that costs gigabytes',
      { password_hash: `$argon2id$v=19$m=4194304,t=2,p=1$${'a'.repeat(22)}$${'a'.repeat(43)}` },
      'password_hash',
    ],
    ['no e-mail address', { email: 'nowhere' }, 'email'],
  ])('%s is refused', async (_what, wrong, path) => {
    const answer = await administration().api.post('/users', {
      username: `refused-${randomBytes(4).toString('hex')}`,
      ...wrong,
    });
    expect(answer).toMatchObject({ status: 422, body: { errors: [{ path }] } });
  });
});
