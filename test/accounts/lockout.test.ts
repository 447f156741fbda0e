import { availableParallelism } from 'node:os';
import { describe, expect, test } from '@jest/globals';
import { authorizationUrl, pkce } from '../endpoints/protocol.ts';
import { makePolicy } from '../policies/policy.ts';
import { REDIRECT_URI, type RegisteredUser, registerClient, registerUser } from '../support/clients.ts';
import { ENGINES } from '../support/database.ts';
import { eventually } from '../support/eventually.ts';
import { signIn, visitorFor } from '../support/flow.ts';
import { secondInstance } from '../support/server.ts';
import type { Visitor } from '../support/visitor.ts';
import { newName, reasonsFor, withPlace } from './support.ts';

const WRONG = 'certainly not this one';

describe.each(ENGINES)('guessing passwords on %s', (engine) => {
  const place = withPlace(engine);

  async function userUnder(updb: object): Promise<RegisteredUser> {
    const { id: policy_id } = await makePolicy(place().api, { primary: { updb } });
    return registerUser(place().api, { policy_id });
  }

  async function guess({ username }: RegisteredUser, times: number): Promise<void> {
    for (let n = 0; n < times; n += 1) expect(await place().signIn(username, WRONG)).toBe('refused');
  }

  const shown = async ({ id }: RegisteredUser) => (await place().api.get(`/users/${id}`)).body;
  const listed = async ({ id }: RegisteredUser) =>
    (await place().api.get('/users?limit=500')).body.items.find((user: { id: string }) => user.id === id);

  test('the last of the guesses that are allowed locks; the right password is then as wrong as any', async () => {
    const user = await userUnder({ max_attempts: 3, lockout_duration: 600 });
    await guess(user, 2);
    expect(await shown(user)).toMatchObject({ locked: false, locked_until: null });
    expect(await place().signIn(user.username, user.password)).toBe('in');
    await guess(user, 3);
    expect(await place().signIn(user.username, user.password)).toBe('refused');
    expect(await shown(user)).toMatchObject({ locked: true, locked_until: expect.any(String), disabled: false });
    const seconds = (Date.parse((await listed(user)).locked_until) - Date.now()) / 1000;
    expect(seconds).toBeGreaterThan(500);
    expect(seconds).toBeLessThanOrEqual(600);
    expect((await reasonsFor(place(), user.id)).slice(0, 4)).toEqual(['locked', ...Array(3).fill('wrong_password')]);
    const { items } = (await place().api.get(`/audit?action=user.lock&target=user:${user.id}`)).body;
    expect(items).toHaveLength(1);
  });

  test('a lock ends by itself, and counting starts anew', async () => {
    const user = await userUnder({ max_attempts: 2, lockout_duration: 1 });
    await guess(user, 2);
    await eventually(async () => !(await shown(user)).locked);
    await guess(user, 1);
    expect(await place().signIn(user.username, user.password)).toBe('in');
  });

  test('or it lasts until an administrator ends it, and what was counted with it', async () => {
    const user = await userUnder({ max_attempts: 2, lockout_duration: 0 });
    await guess(user, 2);
    expect(await shown(user)).toMatchObject({ locked: true, locked_until: null });
    const enabled = await place().api.post(`/users/${user.id}/enable`);
    expect(enabled.body).toMatchObject({ locked: false, locked_until: null });
    await guess(user, 1);
    expect(await place().signIn(user.username, user.password)).toBe('in');
  });

  test('a new password by an administrator ends it too', async () => {
    const user = await userUnder({ max_attempts: 1, lockout_duration: 0 });
    await guess(user, 1);
    const { body } = await place().api.patch(`/users/${user.id}`, { password: `${user.password}-next` });
    expect(body).toMatchObject({ locked: false });
    expect(await place().signIn(user.username, `${user.password}-next`)).toBe('in');
  });

  test('without a limit nobody is locked out', async () => {
    const user = await userUnder({ max_attempts: 0 });
    await guess(user, 12);
    expect(await place().signIn(user.username, user.password)).toBe('in');
  });

  test('the name in another spelling is the same user, and another user is another', async () => {
    const [user, other] = [
      await userUnder({ max_attempts: 2, lockout_duration: 600 }),
      await registerUser(place().api),
    ];
    await guess(user, 1);
    await guess({ ...user, username: ` ${user.username.toUpperCase()}` }, 1);
    expect(await shown(user)).toMatchObject({ locked: true });
    expect(await place().signIn(other.username, other.password)).toBe('in');
  });

  test('who signs in many times at once does not shut themselves out', async () => {
    const user = await userUnder({ max_attempts: 1, lockout_duration: 600 });
    const sent = Array.from({ length: 12 }, () => place().signIn(user.username, user.password));
    expect(new Set(await Promise.all(sent))).toEqual(new Set(['in']));
  });

  test('of a hundred guesses at once no more are looked at beyond the limit than are looked at together', async () => {
    const { server } = place();
    const user = await userUnder({ max_attempts: 5, lockout_duration: 600 });
    const instances = engine === 'postgres' ? [server, await secondInstance(server)] : [server];
    const guesses = Array.from({ length: 100 }, (_, n) =>
      place().signIn(user.username, `${WRONG} ${n}`, instances[n % instances.length]),
    );
    expect(new Set(await Promise.all(guesses))).toEqual(new Set(['refused']));
    const looks = (await reasonsFor(place(), user.id)).filter((reason) => reason === 'wrong_password').length;
    expect(looks).toBeGreaterThanOrEqual(5);
    expect(looks).toBeLessThan(5 + availableParallelism() * instances.length);
    expect((await place().api.get(`/audit?action=user.lock&target=user:${user.id}`)).body.items).toHaveLength(1);
    for (const instance of instances) {
      expect(await place().signIn(user.username, user.password, instance)).toBe('refused');
    }
  });

  test('guesses of strangers do not shut out a browser that was here before, nor its own ones the strangers', async () => {
    const { api, server } = place();
    const client = await registerClient(api);
    const user = await userUnder({ max_attempts: 3, lockout_duration: 600 });
    const asking = () =>
      authorizationUrl(server, {
        client_id: client.client_id,
        response_type: 'code',
        redirect_uri: REDIRECT_URI,
        scope: 'openid',
        prompt: 'login',
        code_challenge: pkce().challenge,
        code_challenge_method: 'S256',
      });
    const enter = async (visitor: Visitor, password = user.password) => {
      const url = await signIn(asking(), { ...user, password, redirectUri: REDIRECT_URI, visitor });
      return url.searchParams.has('code');
    };
    const [owner, stranger] = [visitorFor(REDIRECT_URI), visitorFor(REDIRECT_URI)];
    expect(await enter(owner)).toBe(true);
    await guess(user, 3);
    expect(await shown(user)).toMatchObject({ locked: true });
    await expect(enter(stranger)).rejects.toThrow('sign-in refused');
    expect(await enter(owner)).toBe(true);

    await api.post(`/users/${user.id}/enable`);
    for (let n = 0; n < 3; n += 1) await expect(enter(owner, WRONG)).rejects.toThrow('sign-in refused');
    await expect(enter(owner)).rejects.toThrow('sign-in refused');
    expect(await shown(user)).toMatchObject({ locked: false });
    expect(await enter(stranger)).toBe(true);
  });

  test('a name that nobody has is counted like one that somebody has', async () => {
    const { api, signIn: enter } = place();
    const username = newName();
    for (let n = 0; n < 12; n += 1) expect(await enter(username, WRONG)).toBe('refused');
    // Whoever is called so afterwards starts with a clean slate.
    const user = await registerUser(api, { username });
    expect(await enter(username, user.password)).toBe('in');
  });
});
