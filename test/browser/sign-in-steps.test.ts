/** Pages of one sign-in opened twice, out of order, too late and elsewhere: never a session before the last answer. */
import { beforeAll, beforeEach, describe, expect, test } from '@jest/globals';
import type { Page } from 'playwright-core';
import { type AdminApi, adminApi, type RegisteredUser, registerUser } from '../support/clients.ts';
import { type Enrolled, enrollTotp } from '../support/people.ts';
import { type Server, startServer } from '../support/server.ts';
import { totpCode } from '../support/totp.ts';
import { type App, openApp } from './app.ts';
import { press, signIn, visit } from './visit.ts';

const NO_LONGER_OPEN = 'This sign-in is no longer open';
const MOVED_ON = 'This sign-in has moved on since that page was opened. You can go on here.';

let server: Server;
let admin: AdminApi;
let app: App;
let ann: RegisteredUser;
let enrolled: Enrolled;

beforeAll(async () => {
  server = await startServer({ engine: 'embedded' });
  admin = await adminApi(server);
  app = await openApp(server, admin);
});

beforeEach(async () => {
  ann = await registerUser(admin);
  enrolled = await enrollTotp(server, ann);
});

/** Ann's password was right; her code is due. */
async function halfWay() {
  const page = await visit();
  const { url, exchange } = await app.authorize();
  await page.goto(url);
  const beside = await visit({}, page);
  await beside.goto(page.url());
  await signIn(page, ann);
  return { page, beside, exchange };
}

async function answer(page: Page, code = totpCode(enrolled.secret)) {
  await page.fill('[name=code]', code);
  return press(page, '#submit');
}

async function expectNobodySignedIn(page: Page) {
  const beside = await visit({}, page);
  await beside.goto((await app.authorize({ prompt: 'none' })).url);
  expect(app.arrival().parameters.get('error')).toBe('login_required');
}

describe('Half-way through a sign-in', () => {
  test('nobody is signed in, whichever page is opened next', async () => {
    const { page } = await halfWay();
    await expectNobodySignedIn(page);

    const uid = new URL(page.url()).pathname.split('/').at(-1);
    await page.goto(`${server.url}/oauth/authorize/${uid}`);
    expect(await page.textContent('h1')).toBe('Sign in');
    await expectNobodySignedIn(page);
  });

  test('another tab at the first page, sent again, stands where the first one does', async () => {
    const { page, beside } = await halfWay();
    await signIn(beside, ann);
    expect(await beside.textContent('h1')).toBe('Confirm it is you');
    await beside.goto((await app.authorize({ prompt: 'none' })).url);
    expect(app.arrival().parameters.get('error')).toBe('login_required');
    await answer(page);
    await page.waitForSelector('#allow');
  });

  test('another tab that is opened now shows what is due', async () => {
    const { page, beside, exchange } = await halfWay();
    await beside.reload();
    await answer(beside);
    await press(beside, '#allow');
    expect((await exchange()).claims()?.sub).toBe(ann.id);

    expect((await answer(page)).status()).toBe(400);
    expect(await page.textContent('h1')).toBe(NO_LONGER_OPEN);
  });

  test('its page is not open in another browser', async () => {
    const { page } = await halfWay();
    const elsewhere = await visit();
    expect((await elsewhere.goto(page.url()))?.status()).toBe(400);
    expect(await elsewhere.textContent('h1')).toBe(NO_LONGER_OPEN);
  });

  test('a page of a step that was left for another account leads to where things are', async () => {
    const { page, beside } = await halfWay();
    await beside.reload();
    await press(beside, '#switch');
    await answer(page);
    expect(await page.textContent('h1')).toBe('Sign in');
    expect(await page.textContent('[role=status]')).toBe(MOVED_ON);
    await expectNobodySignedIn(page);
    await signIn(page, ann);
    await answer(page);
    await page.waitForSelector('#allow');
  });

  test('a code sent twice at once signs in once, and says nothing wrong', async () => {
    const { page } = await halfWay();
    await page.fill('[name=code]', totpCode(enrolled.secret));
    await page.evaluate(() => {
      const { document, HTMLFormElement } = globalThis as any;
      for (const _ of 'ab') HTMLFormElement.prototype.submit.call(document.querySelector('form'));
    });
    await page.waitForSelector('#allow');
  });

  test('a user who is disabled goes no further', async () => {
    const { page } = await halfWay();
    await admin.post(`/users/${ann.id}/disable`);
    await answer(page);
    expect(await page.textContent('h1')).toBe('Sign in');
    await expectNobodySignedIn(page);
  });

  test('a form of a step that is not due answers nothing', async () => {
    const { page } = await halfWay();
    await page.locator('[name=code]').evaluate((field) => {
      field.name = 'new_password';
    });
    await page.fill('#code', 'a fine new password');
    await press(page, '#submit');
    expect(await page.textContent('[role=status]')).toBe(MOVED_ON);
    expect(await page.textContent('h1')).toBe('Confirm it is you');
  });
});
