import { randomBytes } from 'node:crypto';
import { setTimeout as sleep } from 'node:timers/promises';
import { beforeAll, describe, expect, test } from '@jest/globals';
import { type Accounts, createAccounts } from '#src/accounts/index.ts';
import { createPasswordHasher, type PasswordHasher } from '#src/crypto/index.ts';
import { registerUser } from '../support/clients.ts';
import { ENGINES, withDatabase } from '../support/database.ts';
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

  test('a user disabled for a time is enabled when it has passed', async () => {
    const { api } = administration();
    const { id } = await registerUser(api);
    const { body } = await api.post(`/users/${id}/disable`, { duration: 1 });
    expect(body).toMatchObject({ disabled: true, disabled_until: expect.any(String) });
    await sleep(1_100);
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
    ['a short password', { password: 'short' }, 'password'],
    ['an endless password', { password: 'x'.repeat(1_025) }, 'password'],
    ['a claim that only the server makes', { claims: { sub: 'somebody else' } }, 'claims.sub'],
    ['a claim that has its own member', { claims: { email: 'a@example.com' } }, 'claims.email'],
    ['a bcrypt hash', { password_hash: `$2b$10$${'a'.repeat(53)}` }, 'password_hash'],
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

describe.each(ENGINES)('authenticating a user on %s', (engine) => {
  const database = withDatabase(engine);
  let passwords: PasswordHasher;
  let accounts: Accounts;
  beforeAll(async () => {
    passwords = await createPasswordHasher(1);
    accounts = createAccounts({ db: database(), passwords });
  });
  const profile = (username: string) => ({ username, email: undefined, name: undefined, claims: {}, disabled: false });

  test('takes the username in any case and the password as it is, however it was composed', async () => {
    const password = `${random()}\u00e9`;
    const { id } = await accounts.create({ ...profile('Bea'), password: { password } });
    expect(await accounts.authenticate('BEA', password.normalize('NFD'))).toMatchObject({ id });
    expect(await accounts.authenticate('bea', password.toUpperCase())).toBeUndefined();
  });

  test('accepts an imported Argon2id hash', async () => {
    const password = random();
    const { id } = await accounts.create({
      ...profile('cy'),
      password: { passwordHash: await passwords.hash(password) },
    });
    expect(await accounts.authenticate('cy', password)).toMatchObject({ id });
  });

  test('says no to a disabled user, one without password, and nobody, in the same words', async () => {
    const password = random();
    const { id } = await accounts.create({ ...profile('dee'), password: { password } });
    await accounts.disable(id, null);
    await accounts.create({ ...profile('eve'), password: null });
    for (const username of ['dee', 'eve', 'nobody', 'a\0b', '\ud800', '']) {
      expect(await accounts.authenticate(username, password)).toBeUndefined();
    }
    await accounts.enable(id);
    expect(await accounts.authenticate('dee', password)).toMatchObject({ id });
  });

  test('verifies a hash every time, so the time taken does not tell who exists', async () => {
    let verified = 0;
    const counting: PasswordHasher = {
      ...passwords,
      verify(hash, password) {
        verified += 1;
        return passwords.verify(hash, password);
      },
    };
    const watched = createAccounts({ db: database(), passwords: counting });
    const tries = ['bea', 'eve', 'nobody', 'a\0b', ''];
    for (const username of tries) await watched.authenticate(username, random());
    await watched.authenticate('bea', 'x'.repeat(5_000));
    expect(verified).toBe(tries.length + 1);
  });
});
