import { beforeAll, beforeEach, describe, expect, test } from '@jest/globals';
import * as client from 'openid-client';
import { type AdminApi, adminApi, type RegisteredUser, registerUser } from '../support/clients.ts';
import { startServer } from '../support/server.ts';
import { type App, openApp, type Tokens } from './app.ts';
import { press, SCRIPTING, signIn, signInElsewhere, visit } from './visit.ts';

let admin: AdminApi;
let app: App;
let ann: RegisteredUser;
let bob: RegisteredUser;

beforeAll(async () => {
  const server = await startServer({ engine: 'embedded' });
  admin = await adminApi(server);
  app = await openApp(server, admin);
});

beforeEach(async () => {
  [ann, bob] = await Promise.all([registerUser(admin), registerUser(admin)]);
});

describe.each(SCRIPTING)('"Use another account", %s,', (_, how) => {
  /** Ann is signed in, and the application has her tokens. */
  async function annIsHere() {
    const page = await visit(how);
    const { url, exchange } = await app.authorize();
    await page.goto(url);
    await signIn(page, ann);
    await press(page, '#allow');
    return { page, tokens: await exchange() };
  }

  test('at the consent page lets somebody else agree, and signs the former account out', async () => {
    const { page, tokens } = await annIsHere();
    const { url, exchange } = await app.authorize({ prompt: 'consent' });
    await page.goto(url);
    expect(await page.textContent('.account .name')).toBe(ann.username);

    await press(page, '#switch');
    expect(await page.inputValue('[name=username]')).toBe('');
    await signInElsewhere(page, bob, how);
    expect(await page.textContent('.account .name')).toBe(bob.username);
    await press(page, '#allow');
    expect((await exchange()).claims()?.sub).toBe(bob.id);
    await expectDead(tokens);
  });

  test('where the account must prove itself again, lets somebody else sign in', async () => {
    const { page, tokens } = await annIsHere();
    const { url, exchange } = await app.authorize({ prompt: 'login' });
    await page.goto(url);
    expect(await page.inputValue('[name=username]')).toBe(ann.username);

    await press(page, '#switch');
    expect(await page.inputValue('[name=username]')).toBe('');
    await signInElsewhere(page, bob, how);
    await press(page, '#allow');
    expect((await exchange()).claims()?.sub).toBe(bob.id);
    await expectDead(tokens);
  });
});

describe('"Use another account"', () => {
  test('stays with the other account when its password was wrong', async () => {
    const page = await visit();
    await page.goto((await app.authorize()).url);
    await signIn(page, ann);
    await press(page, '#switch');
    await signIn(page, { ...bob, password: 'not the password' });
    expect(await page.inputValue('[name=username]')).toBe(bob.username);
    expect(await page.isEditable('[name=username]')).toBe(true);

    await signIn(page, bob);
    await page.waitForSelector('#allow');
    expect(await page.textContent('.account .name')).toBe(bob.username);
  });

  test('may turn out to be the same account', async () => {
    const page = await visit();
    const { url, exchange } = await app.authorize();
    await page.goto(url);
    await signIn(page, ann);
    await press(page, '#switch');
    await signIn(page, ann);
    await press(page, '#allow');
    expect((await exchange()).claims()?.sub).toBe(ann.id);
  });

  test('is the way on for a browser whose account was disabled meanwhile', async () => {
    const page = await visit();
    await page.goto((await app.authorize()).url);
    await signIn(page, ann);
    await press(page, '#allow');
    await admin.post(`/users/${ann.id}/disable`);

    const { url, exchange } = await app.authorize();
    await page.goto(url);
    await press(page, '#switch');
    await signIn(page, bob);
    await page.waitForSelector('#allow');
    await press(page, '#allow');
    expect((await exchange()).claims()?.sub).toBe(bob.id);
  });
});

/** What was not granted offline_access ends with the session it came of. */
async function expectDead({ access_token, refresh_token }: Tokens): Promise<void> {
  expect(await client.tokenIntrospection(app.config, access_token)).toMatchObject({ active: false });
  await expect(client.refreshTokenGrant(app.config, refresh_token ?? '')).rejects.toMatchObject({
    error: 'invalid_grant',
  });
}
