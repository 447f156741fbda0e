import { beforeAll, describe, expect, test } from '@jest/globals';
import type { Page, Response } from 'playwright-core';
import { type AdminApi, adminApi, type RegisteredUser, registerUser } from '../support/clients.ts';
import { type Server, startServer } from '../support/server.ts';
import { type App, openApp } from './app.ts';
import { press, signIn, takeComplaints, visit } from './visit.ts';

let server: Server;
let admin: AdminApi;
let app: App;
let ann: RegisteredUser;

beforeAll(async () => {
  server = await startServer({ engine: 'embedded' });
  admin = await adminApi(server);
  app = await openApp(server, admin);
  ann = await registerUser(admin);
});

async function atSignIn(beside?: Page) {
  const page = await visit({}, beside);
  const authorization = await app.authorize({ prompt: 'consent' });
  await page.goto(authorization.url);
  return { page, ...authorization };
}

/** A page of ours that says what happened and has a way on. */
async function expectErrorPage(page: Page, answer: Response | null, status: number, title: string): Promise<void> {
  expect({ status: answer?.status(), origin: new URL(page.url()).origin }).toEqual({ status, origin: server.url });
  expect(await page.textContent('h1')).toBe(title);
  expect(await page.locator('main a').count()).toBeGreaterThan(0);
}

const BLANK = '<!doctype html><link rel="icon" href="data:,">';
const NO_LONGER_OPEN = 'This sign-in is no longer open';
const REFUSED = 'This form could not be accepted';

describe('An authorization request that cannot be answered at its redirect URI', () => {
  test.each([
    ['an unknown client', { client_id: 'nobody' }, 'This application is not known here'],
    ['an unregistered redirect URI', { redirect_uri: 'https://evil.example/' }, 'This sign-in was stopped'],
    ['a redirect URI with a path more', { redirect_uri: 'https://app.example/callback/x' }, 'This sign-in was stopped'],
  ])('for %s ends at an error page, never in a redirect', async (_, parameters, title) => {
    const page = await visit();
    const { url } = await app.authorize(parameters as unknown as Record<string, string>);
    const answer = await page.goto(url);
    await expectErrorPage(page, answer, 400, title);
    expect(page.url()).toBe(url);
  });

  test('leads back to the site of a client that has one', async () => {
    const other = await openApp(server, admin, { client_uri: 'https://harbour.example/' });
    const page = await visit();
    await page.goto((await other.authorize({ redirect_uri: 'https://evil.example/' })).url);
    expect(await page.getAttribute('#back', 'href')).toBe('https://harbour.example/');
  });
});

describe('A sign-in page', () => {
  test('sent to another browser is not open there', async () => {
    const { page } = await atSignIn();
    const elsewhere = await visit();
    await expectErrorPage(elsewhere, await elsewhere.goto(page.url()), 400, NO_LONGER_OPEN);
  });

  test('is not open any more once it was answered, nor does its form work from the history', async () => {
    const { page } = await atSignIn();
    const address = page.url();
    const beside = await visit({}, page);
    await beside.goto(address);
    await press(page, '#cancel');

    await expectErrorPage(beside, await signIn(beside, ann), 400, NO_LONGER_OPEN);
    await expectErrorPage(page, await page.goto(address), 400, NO_LONGER_OPEN);
  });

  test('may be open for two requests in two tabs, and both reach the application', async () => {
    const first = await atSignIn();
    const second = await atSignIn(first.page);
    for (const { page, state } of [second, first]) {
      await signIn(page, ann);
      await press(page, '#allow');
      expect(await page.textContent('h1')).toBe('Welcome back');
      expect(Object.fromEntries(app.arrival().parameters)).toMatchObject({ state, code: expect.any(String) });
    }
  });

  test('answered twice at once gives one answer and one clear page', async () => {
    const { page } = await atSignIn();
    await signIn(page, ann);
    const beside = await visit({}, page);
    await beside.goto(page.url());
    await press(page, '#allow');
    expect(await page.textContent('h1')).toBe('Welcome back');
    await expectErrorPage(beside, await press(beside, '#allow'), 400, NO_LONGER_OPEN);
  });

  test('answered for an account that was deleted meanwhile is a clear page', async () => {
    const short = await registerUser(admin);
    const { page } = await atSignIn();
    await signIn(page, short);
    await admin.delete(`/users/${short.id}`);
    await expectErrorPage(page, await press(page, '#allow'), 400, NO_LONGER_OPEN);
  });

  test('refuses a form whose token is forged', async () => {
    const { page } = await atSignIn();
    await page
      .locator('[name=csrf]')
      .first()
      .evaluate((field) => {
        field.value = 'forged';
      });
    await expectErrorPage(page, await signIn(page, ann), 403, REFUSED);
  });

  test.each([
    ['a neighbour on the same site', 'localhost', '', 403, REFUSED],
    ['a neighbour that hides where it is', 'localhost', '<meta name="referrer" content="no-referrer">', 403, REFUSED],
    // Lax cookies stay at home: there is not even a sign-in to refuse.
    ['another site', '127.0.0.1', '', 400, NO_LONGER_OPEN],
  ])('refuses a form that %s sent, right in every field', async (_, hostname, meta, status, title) => {
    const { page } = await atSignIn();
    await signIn(page, ann);
    const fields = { csrf: await page.inputValue('[name=csrf]'), action: 'allow' };
    const victim = await visit({}, page);
    await victim.goto(trap(hostname, meta, page.url(), fields));
    await expectErrorPage(victim, await press(victim, 'button'), status, title);

    await press(page, '#allow');
    expect(await page.textContent('h1')).toBe('Welcome back');
  });

  test('cannot be framed by another site', async () => {
    const { page } = await atSignIn();
    const frame = app.publish('/frame', `${BLANK}<iframe src="${page.url()}"></iframe>`);
    const victim = await visit({}, page);
    await victim.goto(frame);
    expect(await victim.frames()[1]?.locator('form').count()).toBe(0);
    expect(takeComplaints().join()).toMatch(/frame-ancestors 'none'|X-Frame-Options/i);
  });
});

/** A page at the application's port, under either of its host names, with a form for ours. */
function trap(hostname: string, meta: string, action: string, fields: Record<string, string>): string {
  const inputs = Object.entries(fields).map(([name, value]) => `<input name="${name}" value="${value}">`);
  const form = `<form method="post" action="${action}">${inputs.join('')}<button>Win a prize</button></form>`;
  const url = new URL(app.publish('/trap', `${BLANK}${meta}${form}`));
  url.hostname = hostname;
  return url.href;
}
