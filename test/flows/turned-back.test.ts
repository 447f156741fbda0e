import { beforeAll, describe, expect, test } from '@jest/globals';
import { authorizationUrl, pkce, startWorld, type World } from '../endpoints/protocol.ts';
import {
  REDIRECT_URI,
  type RegisteredClient,
  type RegisteredUser,
  registerClient,
  registerUser,
} from '../support/clients.ts';
import { ENGINES } from '../support/database.ts';
import { authenticate, callApi } from '../support/people.ts';
import { remember } from '../support/vault.ts';
import { createVisitor } from '../support/visitor.ts';

/** A thief who knows the password signs in, and keeps the last step back until the owner thinks it is over. */
describe.each(ENGINES)('A sign-in that is kept back, on %s', (engine) => {
  let world: World;
  let app: RegisteredClient;

  beforeAll(async () => {
    world = await startWorld(engine);
    app = await registerClient(world.admin, { first_party: true });
  });

  /** @returns what fetches what the sign-in is worth */
  async function signInAlmost({ username, password }: RegisteredUser) {
    let holdsBack = true;
    const thief = createVisitor((url) => {
      return url.origin === new URL(REDIRECT_URI).origin || (holdsBack && /^\/oauth\/authorize\/./.test(url.pathname));
    });
    const request = authorizationUrl(world.server, {
      client_id: app.client_id,
      response_type: 'code',
      redirect_uri: REDIRECT_URI,
      scope: 'openid',
      code_challenge: pkce().challenge,
      code_challenge_method: 'S256',
    });
    const page = await thief.open(request);
    const login = page instanceof URL ? undefined : page.forms.find(({ fields }) => fields.has('password'));
    if (!login) throw new Error('no login form');
    const kept = await thief.submit(login, { username, password }, login.buttons[0]);
    if (!(kept instanceof URL)) throw new Error(`not kept back: ${kept.url}`);
    return async () => {
      holdsBack = false;
      const arrived = await thief.open(kept.href);
      return arrived instanceof URL ? 'signed in' : (/<h1>([^<]*)/.exec(arrived.html)?.[1] ?? arrived.url);
    };
  }

  test('is worth a session while nothing has happened', async () => {
    const fetchIt = await signInAlmost(await registerUser(world.admin));
    expect(await fetchIt()).toBe('signed in');
  });

  test.each<[string, (ann: RegisteredUser) => Promise<unknown>]>([
    [
      'an administrator set a new password',
      (ann) => world.admin.patch(`/users/${ann.id}`, { password: 'a wholly other one' }),
    ],
    ['the password was taken away', (ann) => world.admin.patch(`/users/${ann.id}`, { password: null })],
    ['the owner changed it', (ann) => changePassword(ann)],
    ['the user was signed out everywhere', (ann) => world.admin.delete(`/users/${ann.id}/sessions`)],
    [
      'the owner signed out everywhere else',
      async (ann) => (await authenticate(world.server, ann)).call('DELETE', '/me/sessions'),
    ],
    ['the user was disabled', (ann) => world.admin.post(`/users/${ann.id}/disable`)],
  ])('is worth nothing when meanwhile %s', async (_, meanwhile) => {
    const ann = await registerUser(world.admin);
    const fetchIt = await signInAlmost(ann);
    await meanwhile(ann);
    expect(await fetchIt()).toMatch(/^(Sign in|Confirm it is you)$/);
  });

  async function changePassword(ann: RegisteredUser): Promise<void> {
    const session = await authenticate(world.server, ann);
    remember('a wholly other one');
    const body = { current_password: ann.password, new_password: 'a wholly other one' };
    expect((await session.call('POST', '/me/password', body)).status).toBe(204);
  }

  test('and half of one neither: whoever waits to be asked for a new password is not asked', async () => {
    const ann = await registerUser(world.admin, { must_change_password: true });
    const waiting = await authenticate(world.server, ann);
    expect(waiting.queries).toMatchObject([{ type: 'new_password' }]);
    await world.admin.delete(`/users/${ann.id}/authenticators/password`);
    const body = { password: 'the choice of a thief' };
    const answer = await callApi(world.server, 'POST', '/authenticate/new_password', { token: waiting.token, body });
    expect(answer.status).toBe(401);
    expect((await world.admin.get(`/users/${ann.id}`)).body.has_password).toBe(false);
  });
});
