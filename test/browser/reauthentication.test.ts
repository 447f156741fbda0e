import { setTimeout as sleep } from 'node:timers/promises';
import { beforeAll, describe, expect, test } from '@jest/globals';
import type { Page } from 'playwright-core';
import { type AdminApi, adminApi, type RegisteredUser, registerUser } from '../support/clients.ts';
import { startServer } from '../support/server.ts';
import { type App, openApp, type Tokens } from './app.ts';
import { press, signIn, visit } from './visit.ts';

let admin: AdminApi;
let app: App;

beforeAll(async () => {
  const server = await startServer({ engine: 'embedded' });
  admin = await adminApi(server);
  app = await openApp(server, admin);
});

async function signedIn() {
  const ann = await registerUser(admin);
  const page = await visit();
  const { url, exchange } = await app.authorize();
  await page.goto(url);
  await signIn(page, ann);
  await press(page, '#allow');
  return { page, ann, tokens: await exchange() };
}

describe('prompt=none (OpenID Connect Core §3.1.2.1)', () => {
  test('never shows a page: without a session it is login_required', async () => {
    const page = await visit();
    const { url, state } = await app.authorize({ prompt: 'none' });
    await page.goto(url);
    expect(await page.textContent('h1')).toBe('Welcome back');
    expect(Object.fromEntries(app.arrival().parameters)).toMatchObject({ error: 'login_required', state });
  });

  test('never shows a page: for what was not agreed to it is consent_required', async () => {
    const { page } = await signedIn();
    await page.goto((await app.authorize({ prompt: 'none', scope: 'openid email' })).url);
    expect(app.arrival().parameters.get('error')).toBe('consent_required');
  });

  test('gives a code to who is signed in and has agreed', async () => {
    const { page, ann } = await signedIn();
    const { url, exchange } = await app.authorize({ prompt: 'none' });
    await page.goto(url);
    expect((await exchange()).claims()?.sub).toBe(ann.id);
  });
});

describe('Who is signed in is asked for the password again', () => {
  test.each([
    ['prompt', 'login'],
    ['max_age', '0'],
  ])('by %s=%s, and the new time is in the ID token', async (name, value) => {
    const { page, ann, tokens } = await signedIn();
    const before = authTime(tokens);
    await untilAfter(before);
    const { url, exchange } = await app.authorize({ [name]: value });
    await page.goto(url);
    await expectLockedTo(page, ann);

    await page.fill('[name=password]', 'not the password');
    expect((await press(page, '#submit')).status()).toBe(400);
    await expectLockedTo(page, ann);

    await page.fill('[name=password]', ann.password);
    await press(page, '#submit');
    const claims = (await exchange()).claims();
    expect(claims?.sub).toBe(ann.id);
    expect(claims?.auth_time).toBeGreaterThan(before);
  });

  test('not while max_age has not passed', async () => {
    const { page } = await signedIn();
    await page.goto((await app.authorize({ max_age: '1000' })).url);
    expect(await page.textContent('h1')).toBe('Welcome back');
  });

  test('and may cancel: the session stays', async () => {
    const { page } = await signedIn();
    await page.goto((await app.authorize({ prompt: 'login' })).url);
    await press(page, '#cancel');
    expect(app.arrival().parameters.get('error')).toBe('access_denied');
    await page.goto((await app.authorize({ prompt: 'none' })).url);
    expect(app.arrival().parameters.get('code')).toBeTruthy();
  });
});

describe('login_hint', () => {
  test('fills in the user name, leaves it open to change, and puts the cursor at the password', async () => {
    const page = await visit();
    await page.goto((await app.authorize({ login_hint: '"><b>ann' })).url);
    expect(await page.inputValue('[name=username]')).toBe('"><b>ann');
    expect(await page.isEditable('[name=username]')).toBe(true);
    await page.waitForSelector('#password:focus');
  });
});

const authTime = (tokens: Tokens) => tokens.claims()?.auth_time as number;

/** The protocol counts in whole seconds: two sign-ins within one look like one. */
async function untilAfter(second: number): Promise<void> {
  await sleep(Math.max(0, (second + 1) * 1000 + 50 - Date.now()));
}

async function expectLockedTo(page: Page, { username }: RegisteredUser): Promise<void> {
  expect(await page.textContent('h1')).toBe('Confirm it is you');
  expect(await page.inputValue('[name=username]')).toBe(username);
  expect(await page.isEditable('[name=username]')).toBe(false);
}
