import { beforeAll, beforeEach, describe, expect, test } from '@jest/globals';
import { type AdminApi, adminApi, type RegisteredUser, registerUser } from '../support/clients.ts';
import { startServer } from '../support/server.ts';
import { type App, openApp } from './app.ts';
import { press, SCRIPTING, signIn, signInElsewhere, visit } from './visit.ts';

const SELECT = { prompt: 'select_account' };

let admin: AdminApi;
let app: App;
let ann: RegisteredUser;

beforeAll(async () => {
  const server = await startServer({ engine: 'embedded' });
  admin = await adminApi(server);
  app = await openApp(server, admin);
});

beforeEach(async () => {
  ann = await registerUser(admin);
});

describe.each(SCRIPTING)('prompt=select_account, %s,', (_, how) => {
  async function signedIn() {
    const page = await visit(how);
    await page.goto((await app.authorize()).url);
    await signIn(page, ann);
    await press(page, '#allow');
    return page;
  }

  test('lets somebody go on as who they are', async () => {
    const page = await signedIn();
    const { url, exchange } = await app.authorize(SELECT);
    await page.goto(url);
    expect(await page.textContent('.account .name')).toBe(ann.username);
    await press(page, '#continue');
    expect((await exchange()).claims()?.sub).toBe(ann.id);
  });

  test('lets somebody else sign in, and does not ask them to choose again', async () => {
    const page = await signedIn();
    const bob = await registerUser(admin);
    const { url, exchange } = await app.authorize(SELECT);
    await page.goto(url);
    await press(page, '#switch');
    await signInElsewhere(page, bob, how);
    expect(await page.textContent('.account .name')).toBe(bob.username);
    await press(page, '#allow');
    expect((await exchange()).claims()?.sub).toBe(bob.id);
  });

  test('is a sign-in where nobody is signed in', async () => {
    const page = await visit(how);
    const { url, exchange } = await app.authorize(SELECT);
    await page.goto(url);
    await signIn(page, ann);
    await press(page, '#allow');
    expect((await exchange()).claims()?.sub).toBe(ann.id);
  });

  test('may be cancelled', async () => {
    const page = await signedIn();
    await page.goto((await app.authorize(SELECT)).url);
    await press(page, '#cancel');
    expect(app.arrival().parameters.get('error')).toBe('access_denied');
  });
});
