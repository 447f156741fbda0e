import { beforeAll, describe, expect, test } from '@jest/globals';
import * as client from 'openid-client';
import type { Page } from 'playwright-core';
import { type AdminApi, adminApi, registerUser } from '../support/clients.ts';
import { type Server, startServer } from '../support/server.ts';
import { type App, openApp, type Tokens } from './app.ts';
import { press, SCRIPTING, signIn, visit } from './visit.ts';

type Scripting = (typeof SCRIPTING)[number][1];

let server: Server;
let admin: AdminApi;
let app: App;

beforeAll(async () => {
  server = await startServer({ engine: 'embedded' });
  admin = await adminApi(server);
  app = await openApp(server, admin);
});

async function signedIn(how: Scripting, parameters: Record<string, string> = {}) {
  const page = await visit(how);
  const { url, exchange } = await app.authorize(parameters);
  await page.goto(url);
  await signIn(page, await registerUser(admin));
  await press(page, '#allow');
  return { page, tokens: await exchange() };
}

function logoutUrl({ id_token }: Tokens, state: string): string {
  const parameters = { id_token_hint: id_token ?? '', post_logout_redirect_uri: app.goodbyeUri, state };
  return client.buildEndSessionUrl(app.config, parameters).href;
}

async function expectSignedOut(page: Page): Promise<void> {
  await page.goto((await app.authorize({ prompt: 'none' })).url);
  expect(app.arrival().parameters.get('error')).toBe('login_required');
}

const isActive = async (token: string | undefined) => (await client.tokenIntrospection(app.config, token ?? '')).active;

describe.each(SCRIPTING)('Signing out (RP-Initiated Logout), %s,', (_, how) => {
  test('asks first, then goes back to the application, and ends what that session gave', async () => {
    const { page, tokens } = await signedIn(how);
    await page.goto(logoutUrl(tokens, 'bye-1'));
    expect(await page.textContent('h1')).toBe(`Sign out of ${new URL(server.url).host}?`);
    expect(await page.textContent('main')).toContain(app.registered.client_name);
    expect(await isActive(tokens.access_token)).toBe(true);

    await press(page, '#submit');
    expect(page.url()).toBe(`${app.goodbyeUri}?state=bye-1`);
    expect(await page.textContent('h1')).toBe('Goodbye');
    expect(await isActive(tokens.access_token)).toBe(false);
    await expect(client.refreshTokenGrant(app.config, tokens.refresh_token ?? '')).rejects.toMatchObject({
      error: 'invalid_grant',
    });
    await expectSignedOut(page);
  });

  test('without an application ends at a page that says so', async () => {
    const { page } = await signedIn(how);
    await page.goto(`${server.url}/oauth/logout`);
    const answer = await press(page, '#submit');
    expect(answer.status()).toBe(200);
    expect(await page.textContent('h1')).toBe('You are signed out');
    await expectSignedOut(page);
  });

  test('of a browser where nobody is signed in ends there as well', async () => {
    const page = await visit(how);
    await page.goto(`${server.url}/oauth/logout`);
    if (!how.javaScriptEnabled) await press(page, 'noscript button');
    await page.waitForSelector('h1');
    expect(await page.textContent('h1')).toBe('You are signed out');
  });
});

describe('Signing out', () => {
  const how = { javaScriptEnabled: true } as const;

  test('leaves what was granted offline_access', async () => {
    const { page, tokens } = await signedIn(how, { scope: 'openid offline_access', prompt: 'consent' });
    await page.goto(logoutUrl(tokens, 'bye-2'));
    await press(page, '#submit');
    expect(await page.textContent('h1')).toBe('Goodbye');
    const refreshed = await client.refreshTokenGrant(app.config, tokens.refresh_token ?? '');
    expect(await isActive(refreshed.access_token)).toBe(true);
  });

  test('refused keeps the session here, and goes back to the application all the same', async () => {
    const { page, tokens } = await signedIn(how);
    await page.goto(logoutUrl(tokens, 'bye-3'));
    await press(page, '#stay');
    expect(page.url()).toBe(`${app.goodbyeUri}?state=bye-3`);
    await page.goto((await app.authorize({ prompt: 'consent' })).url);
    expect(await page.textContent('h1')).toBe(`Allow ${app.registered.client_name}?`);
  });

  test('refused without a way back says what was ended and what was not', async () => {
    const { page, tokens } = await signedIn(how);
    await page.goto(client.buildEndSessionUrl(app.config, { id_token_hint: tokens.id_token ?? '' }).href);
    await press(page, '#stay');
    expect(await page.textContent('h1')).toBe(`Signed out of ${app.registered.client_name}`);
    expect(await page.textContent('.lead')).toContain('You are still signed in');
    expect(await isActive(tokens.access_token)).toBe(false);
  });

  test('refused without an application changes nothing', async () => {
    const { page, tokens } = await signedIn(how);
    await page.goto(`${server.url}/oauth/logout`);
    await press(page, '#stay');
    expect(page.url()).toBe(`${server.url}/`);
    expect(await isActive(tokens.access_token)).toBe(true);
  });

  test('never goes to an address that is not registered', async () => {
    const { page, tokens } = await signedIn(how);
    const url = new URL(logoutUrl(tokens, 'bye-4'));
    url.searchParams.set('post_logout_redirect_uri', 'https://evil.example/');
    const answer = await page.goto(url.href);
    expect(answer?.status()).toBe(400);
    expect(page.url()).toBe(url.href);
    expect(await isActive(tokens.access_token)).toBe(true);
  });

  test('needs the page we gave: a forged form ends nothing', async () => {
    const { page, tokens } = await signedIn(how);
    await page.goto(logoutUrl(tokens, 'bye-5'));
    await page.locator('[name=xsrf]').evaluate((field) => {
      field.value = 'forged';
    });
    const answer = await press(page, '#submit');
    expect(answer.status()).toBe(400);
    expect(await isActive(tokens.access_token)).toBe(true);
  });
});
