import { beforeAll, describe, expect, test } from '@jest/globals';
import type { Page } from 'playwright-core';
import { type AdminApi, adminApi, type RegisteredUser, registerApi, registerUser } from '../support/clients.ts';
import { type Server, startServer } from '../support/server.ts';
import { openApp } from './app.ts';
import { signIn, visit } from './visit.ts';

const LOGO = '<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 1 1"><path fill="teal" d="M0 0h1v1H0z"/></svg>';

let server: Server;
let admin: AdminApi;
let ann: RegisteredUser;

beforeAll(async () => {
  server = await startServer({ engine: 'embedded' });
  admin = await adminApi(server);
  ann = await registerUser(admin);
});

describe('The consent page', () => {
  test('says who asks, for which account, for what, and where the answer goes', async () => {
    const things = await registerApi(admin);
    const app = await openApp(server, admin, {
      client_name: 'Harbour Invoices',
      client_uri: 'https://invoices.example/',
      logo_uri: 'https://invoices.example/logo.svg',
      policy_uri: 'https://invoices.example/privacy',
      tos_uri: 'https://invoices.example/terms',
      redirect_uris: ['https://invoices.example/callback'],
      scope: 'openid profile email things:read',
    });
    const page = await visit();
    await page.route('https://invoices.example/logo.svg', (route) =>
      route.fulfill({ contentType: 'image/svg+xml', body: LOGO }),
    );
    const { url } = await app.authorize({
      redirect_uri: 'https://invoices.example/callback',
      scope: 'openid profile email things:read',
    });
    await page.goto(url);
    await signIn(page, ann);

    expect(await page.title()).toContain('Allow Harbour Invoices?');
    expect(await page.textContent('h1')).toBe('Allow Harbour Invoices?');
    expect(await page.textContent('.account .name')).toBe(ann.username);
    expect(await page.locator('.scopes li').allTextContents()).toEqual([
      'Recognise you when you come back',
      'See your name and profile',
      'See your email address',
      'See your things',
    ]);
    expect(await page.textContent('h3')).toBe(`In ${things.name}`);
    expect(await page.textContent('main')).toMatch(/You will be sent to\s+invoices\.example/);
    expect(await linksOf(page)).toEqual([
      'https://invoices.example/',
      'https://invoices.example/privacy',
      'https://invoices.example/terms',
    ]);
    const width = await page.locator('img.mark').evaluate((logo) => logo.naturalWidth);
    expect(width).toBeGreaterThan(0);
  });

  test('calls a loopback address an app on this device', async () => {
    const app = await openApp(server, admin);
    const page = await visit();
    await page.goto((await app.authorize()).url);
    await signIn(page, ann);
    const place = new URL(app.redirectUri).host;
    expect(await page.textContent('main')).toMatch(new RegExp(`an app on this device,\\s+${place}`));
  });

  test.each([
    ['is asked for where the application asks for consent', 'consent', true],
    ['is not asked for otherwise (OpenID Connect Core §11)', 'login', false],
  ])('says in words that access is to last: it %s', async (_, prompt, asked) => {
    const app = await openApp(server, admin);
    const page = await visit();
    await page.goto((await app.authorize({ scope: 'openid offline_access', prompt })).url);
    await signIn(page, ann);
    const words = await page.locator('.scopes li').allTextContents();
    expect(words.includes('Keep this access while you are away')).toBe(asked);
  });

  test('shows the name of a hostile client as text, whole and in its place', async () => {
    const name = `<script>document.title='owned'</script>`.padEnd(200, 'W');
    const app = await openApp(server, admin, { client_name: name });
    const page = await visit({ viewport: { width: 320, height: 700 } });
    await page.goto((await app.authorize()).url);
    expect(await page.textContent('.lead .name')).toBe(name);
    await signIn(page, ann);
    expect(await page.textContent('h1 .name')).toBe(name);
    expect(await page.locator('script').count()).toBe(0);
    expect(await page.title()).not.toContain('owned ·');
    expect(await page.evaluate('document.documentElement.scrollWidth')).toBe(320);
  });

  test.each([
    ['turns the text around it', 'Nice \u202E app'],
    ['is longer than a page can show', 'W'.repeat(300)],
  ])('never has to show a name that %s: it cannot be registered', async (_, client_name) => {
    const { status, body } = await admin.post('/clients', { client_name, redirect_uris: ['https://app.example/cb'] });
    expect(status).toBe(422);
    expect(JSON.stringify(body)).toContain('client_name');
  });

  test('keeps the words of a hostile API in their own line', async () => {
    const description = 'See \u202Egnp.exe <b>everything</b>';
    const api = await registerApi(admin, {
      name: '\u202Eevil <i>API</i>',
      scopes: [{ name: 'odd:read', description }],
    });
    const app = await openApp(server, admin, { scope: 'openid odd:read' });
    const page = await visit();
    await page.goto((await app.authorize({ scope: 'openid odd:read', resource: api.identifier })).url);
    await signIn(page, ann);
    expect(await page.textContent('h3')).toBe(`In ${api.name}`);
    expect(await page.locator('h3 bdi').count()).toBe(1);
    expect(await page.locator('.scopes li').last().textContent()).toBe(description);
    expect(await page.locator('main b, main i').count()).toBe(0);
  });
});

const linksOf = (page: Page) => page.locator('main a').evaluateAll((links) => links.map(({ href }) => href));
