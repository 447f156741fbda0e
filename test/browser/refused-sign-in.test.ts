import { beforeAll, describe, expect, test } from '@jest/globals';
import type { Page } from 'playwright-core';
import { type AdminApi, adminApi, registerUser } from '../support/clients.ts';
import { startServer } from '../support/server.ts';
import { type App, openApp } from './app.ts';
import { press, SCRIPTING, signIn, visit } from './visit.ts';

const MISMATCH = 'That user name and password do not match. After too many tries, sign-in pauses for a while.';

let admin: AdminApi;
let app: App;

beforeAll(async () => {
  const server = await startServer({ engine: 'embedded' });
  admin = await adminApi(server);
  app = await openApp(server, admin);
});

describe('A sign-in that is refused', () => {
  test('says the same of a wrong password, of an unknown user and of a disabled one, and keeps what was typed', async () => {
    const [ann, disabled] = await Promise.all([registerUser(admin), registerUser(admin, { disabled: true })]);
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

  test('leaves nobody signed in, and may be tried again', async () => {
    const ann = await registerUser(admin);
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

describe.each(SCRIPTING)('A person who says no, %s,', (_, how) => {
  test('at the password, is brought back with access_denied', async () => {
    const page = await visit(how);
    const { url, state } = await app.authorize();
    await page.goto(url);
    await press(page, '#cancel');
    expect(refusalAt(page)).toEqual({ error: 'access_denied', state, code: null, iss: new URL(url).origin });
  });

  test('at the consent, is brought back with access_denied', async () => {
    const page = await visit(how);
    const { url, state } = await app.authorize();
    await page.goto(url);
    await signIn(page, await registerUser(admin));
    await press(page, '#deny');
    expect(refusalAt(page)).toEqual({ error: 'access_denied', state, code: null, iss: new URL(url).origin });
  });
});

function refusalAt(page: Page) {
  expect(page.url()).toMatch(new RegExp(`^${app.redirectUri}\\?`));
  const { parameters } = app.arrival();
  return Object.fromEntries(['error', 'state', 'code', 'iss'].map((name) => [name, parameters.get(name)]));
}
