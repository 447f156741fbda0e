import { beforeAll, beforeEach, describe, expect, test } from '@jest/globals';
import type { Page } from 'playwright-core';
import { type AdminApi, adminApi, type RegisteredUser, registerUser } from '../support/clients.ts';
import { ENGINES } from '../support/database.ts';
import { startServer } from '../support/server.ts';
import { type App, openApp } from './app.ts';
import { press, SCRIPTING, signIn, visit } from './visit.ts';

const MISMATCH = 'That user name and password do not match.';

describe.each(ENGINES)('Signing in with a browser on %s', (engine) => {
  let admin: AdminApi;
  let app: App;

  /** Consent is remembered for a user, whatever the browser: each test has its own. */
  let ann: RegisteredUser;

  beforeAll(async () => {
    const server = await startServer({ engine });
    admin = await adminApi(server);
    app = await openApp(server, admin);
  });

  beforeEach(async () => {
    ann = await registerUser(admin);
  });

  describe.each(SCRIPTING)('%s', (_how, options) => {
    test('asks for the password, then for consent, and brings a code back to the application', async () => {
      const page = await visit(options);
      const { url, state, exchange } = await app.authorize();
      await page.goto(url);
      await signIn(page, ann);
      const answer = await press(page, '#allow');

      expect(answer.status()).toBe(200);
      expect(page.url()).toMatch(new RegExp(`^${app.redirectUri}\\?`));
      expect(await page.textContent('h1')).toBe('Welcome back');
      expect(app.arrival().parameters.get('state')).toBe(state);
      expect((await exchange()).claims()).toMatchObject({ sub: ann.id, preferred_username: ann.username });
    });

    test('does not ask again in the same browser', async () => {
      const page = await visit(options);
      await page.goto((await app.authorize()).url);
      await signIn(page, ann);
      await press(page, '#allow');

      const again = await app.authorize();
      await page.goto(again.url);
      expect(await page.textContent('h1')).toBe('Welcome back');
      expect(app.arrival().parameters.get('state')).toBe(again.state);
    });

    test('cancelled at the password, tells the application access_denied', async () => {
      const page = await visit(options);
      const { url, state } = await app.authorize();
      await page.goto(url);
      await press(page, '#cancel');
      expect(refusal(page, app)).toEqual({ error: 'access_denied', state, code: null });
    });

    test('denied at the consent, tells the application access_denied', async () => {
      const page = await visit(options);
      const { url, state } = await app.authorize();
      await page.goto(url);
      await signIn(page, ann);
      await press(page, '#deny');
      expect(refusal(page, app)).toEqual({ error: 'access_denied', state, code: null });
    });
  });

  test('refuses a wrong password, an unknown user and a disabled one in the same words', async () => {
    const disabled = await registerUser(admin, { disabled: true });
    const seen = [];
    for (const who of [
      { username: ann.username, password: 'not the password' },
      { username: 'nobody-at-all', password: 'not the password' },
      disabled,
    ]) {
      const page = await visit();
      await page.goto((await app.authorize()).url);
      const answer = await signIn(page, who);
      expect(await page.inputValue('[name=username]')).toBe(who.username);
      expect(await page.inputValue('[name=password]')).toBe('');
      seen.push({ status: answer.status(), alert: await page.textContent('[role=alert]'), title: await page.title() });
    }
    expect(seen[0]).toMatchObject({ status: 400, alert: MISMATCH });
    expect(seen[1]).toEqual(seen[0]);
    expect(seen[2]).toEqual(seen[0]);
  });

  test('leaves nobody signed in after a wrong password, and lets them try again', async () => {
    const page = await visit();
    await page.goto((await app.authorize()).url);
    await signIn(page, { ...ann, password: 'not the password' });
    expect((await page.context().cookies()).map(({ name }) => name)).not.toContain('mintmark_session');

    const beside = await visit({}, page);
    await beside.goto((await app.authorize({ prompt: 'none' })).url);
    expect(app.arrival().parameters.get('error')).toBe('login_required');

    await signIn(page, ann);
    expect(await page.isVisible('#allow')).toBe(true);
  });
});

function refusal(page: Page, app: App) {
  expect(page.url()).toMatch(new RegExp(`^${app.redirectUri}\\?`));
  const { parameters } = app.arrival();
  return Object.fromEntries(['error', 'state', 'code'].map((name) => [name, parameters.get(name)]));
}
