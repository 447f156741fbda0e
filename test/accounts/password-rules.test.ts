import { randomBytes } from 'node:crypto';
import { describe, expect, test } from '@jest/globals';
import { send } from '../admin/support.ts';
import { makePolicy } from '../policies/policy.ts';
import { registerUser } from '../support/clients.ts';
import { ENGINES } from '../support/database.ts';
import { observedFetch } from '../support/http.ts';
import { remember } from '../support/vault.ts';
import { newName, newPassword, withPlace } from './support.ts';

const STRICT = {
  min_password_length: 12,
  require_special_char: true,
  require_number_char: true,
  require_mixed_case: true,
};

describe.each(ENGINES)('passwords on %s', (engine) => {
  const place = withPlace(engine);

  /** Sent as it is: what is refused is no secret, and a name that is tried as a password stands in the database. */
  const create = (body: object) => send(place(), '/users', { body: JSON.stringify({ username: newName(), ...body }) });
  const faultsOf = async (body: object): Promise<string[]> => {
    const answer = await create(body);
    if (answer.status === 201) return [];
    expect(answer).toMatchObject({ status: 422, body: { title: 'Unprocessable Entity' } });
    expect(answer.body.errors.every(({ path }: { path: string }) => path === 'password')).toBe(true);
    return answer.body.errors.map(({ message }: { message: string }) => message);
  };

  test('each rule of the policy that a password breaks is named', async () => {
    const { id: policy_id } = await makePolicy(place().api, { primary: { updb: STRICT } });
    const faults = (password: string) => faultsOf({ policy_id, password });
    expect(await faults('Kranich-blau-7')).toEqual([]);
    expect(await faults('Kran-blau-7')).toEqual(['must have at least 12 characters']);
    expect(await faults('kranich-blau-7')).toEqual(['must have capital and small letters']);
    expect(await faults('Kranich-blau-x')).toEqual(['must have a digit']);
    expect(await faults('Kranich blau 7')).toEqual(['must have a character that is neither letter, digit nor blank']);
    expect(await faults('kran')).toHaveLength(4);
  });

  test('letters and digits of every script are letters and digits; a character is a character', async () => {
    const { id: policy_id } = await makePolicy(place().api, { primary: { updb: STRICT } });
    const faults = (password: string) => faultsOf({ policy_id, password });
    expect(await faults('Ωμέγα-κάππα-٧')).toEqual([]);
    expect(await faults('Ωμ-٧🙂🙂🙂🙂🙂🙂🙂')).toEqual(['must have at least 12 characters']);
    expect(await faults('Ωμ-٧🙂🙂🙂🙂🙂🙂🙂🙂')).toEqual([]);
  });

  test('nobody is called by their password', async () => {
    const named = { username: `Vogel-${newName()}`, email: `Feder.${newName()}@Example.com` };
    const own = ['must not be the user name or the e-mail address'];
    const [local = ''] = named.email.split('@');
    for (const password of [named.username, named.username.toUpperCase(), named.email.toLowerCase(), local]) {
      expect(await faultsOf({ ...named, password })).toEqual(own);
    }
    expect(await faultsOf({ ...named, password: `${named.username}!` })).toEqual([]);
  });

  test('the new name counts, when both change at once', async () => {
    const { api } = place();
    const { id } = await registerUser(api);
    const username = newName();
    const answer = await send(place(), `/users/${id}`, {
      method: 'PATCH',
      body: JSON.stringify({ username, password: username }),
    });
    expect(answer).toMatchObject({ status: 422, body: { errors: [{ path: 'password' }] } });
    expect((await api.get(`/users/${id}`)).body.username).not.toBe(username);
  });

  test.each(['qwertyuiop', 'QwertyUiop', 'ｑｗｅｒｔｙｕｉｏｐ', '1qaz2wsx3edc4rfv', 'baseball1'])(
    '%s is among the most common',
    async (password) => {
      expect(await faultsOf({ password })).toEqual(['is among the most common passwords']);
    },
  );

  test('a password has 1024 bytes at most, and every one of them counts', async () => {
    const { api, signIn } = place();
    const [username, start] = [newName(), newPassword()];
    const password = `${start.padEnd(1023, 'x')}y`;
    remember(password);
    expect(await api.post('/users', { username, password })).toMatchObject({ status: 201 });
    expect(await signIn(username, password)).toBe('in');
    for (const other of [start.padEnd(1024, 'x'), password.slice(0, -1), `${password}y`, password.slice(0, 72)]) {
      expect(await signIn(username, other)).toBe('refused');
    }
    expect(await faultsOf({ password: `${password}y` })).toEqual(['must have at most 1024 bytes']);
    const emoji = '🙂'.repeat(256);
    expect(Buffer.byteLength(emoji)).toBe(1024);
    expect(await faultsOf({ password: emoji })).toEqual([]);
    expect(await faultsOf({ password: `${emoji}🙂` })).toEqual(['must have at most 1024 bytes']);
  });

  test('emoji and combining characters are the same password however they were composed', async () => {
    const { api, signIn } = place();
    const text = `${newPassword()} Zoë 👩‍👩‍👧 Ångström`;
    for (const [stored, typed] of [
      [text.normalize('NFC'), text.normalize('NFD')],
      [text.normalize('NFD'), text.normalize('NFC')],
    ] as const) {
      expect(stored).not.toBe(typed);
      const username = newName();
      expect(await api.post('/users', { username, password: stored })).toMatchObject({ status: 201 });
      expect(await signIn(username, typed)).toBe('in');
      expect(await signIn(username, stored)).toBe('in');
      expect(await signIn(username, stored.replace('Zo', 'zo'))).toBe('refused');
    }
  });

  test('a megabyte is refused before anybody looks at it, at both ends', async () => {
    const { app, server } = place();
    const password = 'x'.repeat(1024 * 1024);
    expect(await create({ password })).toMatchObject({ status: 413 });
    const body = new URLSearchParams({
      grant_type: 'password',
      client_id: app.client_id,
      client_secret: app.client_secret,
      username: newName(),
      password,
    });
    const answer = await observedFetch(`${server.url}/oauth/token`, { method: 'POST', body });
    expect(answer.status).toBe(413);
    await answer.text();
    expect(await faultsOf({ password: 'é'.repeat(4096) })).toEqual(['must have at most 1024 bytes']);
    expect(await place().signIn(newName(), 'x'.repeat(50_000))).toBe('refused');
  });

  test('NUL and half a character are no text', async () => {
    const { signIn } = place();
    for (const password of ['abcdefgh\\u0000ijkl', 'abcdefgh\\ud83d']) {
      const body = `{"username":"${newName()}","password":"${password}"}`;
      expect(await send(place(), '/users', { body })).toMatchObject({
        status: 400,
        body: { errors: [{ path: 'password' }] },
      });
    }
    await expect(signIn(newName(), 'abcdefgh\0ijkl')).rejects.toThrow('400 {"error":"invalid_request"');
  });

  test('a policy that asks for more afterwards is met at the next sign-in, with another password', async () => {
    const { api, signIn } = place();
    const { id: policy_id } = await makePolicy(api);
    const [username, password] = [newName(), randomBytes(6).toString('hex')];
    await api.post('/users', { username, password, policy_id });
    expect(await signIn(username, password)).toBe('in');
    await api.patch(`/auth-policies/${policy_id}`, { primary: { updb: { min_password_length: 13 } } });
    expect(await signIn(username, password)).toBe('new password');
    expect(await signIn(username, `${password}x`)).toBe('refused');
  });

  test('another password is asked for when an administrator wants it, and only then', async () => {
    const { api, signIn } = place();
    const [username, password, next] = [newName(), newPassword(), newPassword()];
    const { id } = (await api.post('/users', { username, password, must_change_password: true })).body;
    expect(await signIn(username, password)).toBe('new password');
    await api.patch(`/users/${id}`, { must_change_password: false });
    expect(await signIn(username, password)).toBe('in');
    await api.patch(`/users/${id}`, { password: next });
    expect(await signIn(username, password)).toBe('refused');
    expect(await signIn(username, next)).toBe('in');
  });

  test('without a password, or where the policy takes none, nobody gets in by one', async () => {
    const { api, signIn } = place();
    const updb = { allowed: false };
    const { id: policy_id } = await makePolicy(api, { primary: { updb } });
    const user = await registerUser(api);
    expect(await signIn(user.username, user.password)).toBe('in');
    await api.patch(`/users/${user.id}`, { policy_id });
    expect(await signIn(user.username, user.password)).toBe('refused');
    expect(await api.post(`/users/${user.id}/password-reset`)).toMatchObject({ status: 409 });
    await api.patch(`/users/${user.id}`, { policy_id: 'default', password: null });
    expect(await signIn(user.username, user.password)).toBe('refused');
  });
});
