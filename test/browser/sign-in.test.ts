import { beforeAll, beforeEach, describe, expect, test } from '@jest/globals';
import { type AdminApi, adminApi, type RegisteredUser, registerUser } from '../support/clients.ts';
import { ENGINES } from '../support/database.ts';
import { startServer } from '../support/server.ts';
import { type App, openApp } from './app.ts';
import { press, SCRIPTING, signIn, visit } from './visit.ts';

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

  test.each(SCRIPTING)('%s brings a code back to the application, and the next time without asking', async (_, how) => {
    const page = await visit(how);
    const { url, state, exchange } = await app.authorize();
    await page.goto(url);
    await signIn(page, ann);
    const answer = await press(page, '#allow');

    expect(answer.status()).toBe(200);
    expect(page.url()).toMatch(new RegExp(`^${app.redirectUri}\\?`));
    expect(await page.textContent('h1')).toBe('Welcome back');
    expect(app.arrival().parameters.get('state')).toBe(state);
    expect((await exchange()).claims()).toMatchObject({ sub: ann.id, preferred_username: ann.username });

    const again = await app.authorize();
    await page.goto(again.url);
    expect(await page.textContent('h1')).toBe('Welcome back');
    expect(app.arrival().parameters.get('state')).toBe(again.state);
  });

  test('needs no more than a keyboard', async () => {
    const page = await visit();
    await page.goto((await app.authorize()).url);
    await page.waitForSelector('#username:focus');
    await page.keyboard.type(ann.username);
    await page.keyboard.press('Tab');
    await page.keyboard.type(ann.password);
    await page.keyboard.press('Enter');
    await page.waitForSelector('#allow');

    let outline = '';
    for (let tabs = 0; tabs < 10; tabs += 1) {
      await page.keyboard.press('Tab');
      outline = await page.evaluate('getComputedStyle(document.activeElement).outlineStyle');
      if (await page.locator('#allow:focus').count()) break;
    }
    // Who cannot point must see where they are.
    expect(outline).toBe('solid');
    await page.keyboard.press('Enter');
    await page.waitForURL(`${app.redirectUri}?**`);
    expect(app.arrival().parameters.get('code')).toBeTruthy();
  });
});
