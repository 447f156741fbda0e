import { beforeAll, beforeEach, describe, expect, test } from '@jest/globals';
import type { Page } from 'playwright-core';
import { type AdminApi, adminApi, type RegisteredUser } from '../support/clients.ts';
import { startServer } from '../support/server.ts';
import { remember } from '../support/vault.ts';
import { type App, openApp } from './app.ts';
import { userUnder } from './policies.ts';
import { press, SCRIPTING, signIn, visit } from './visit.ts';

const NEXT = 'Quiet harbour 17';

let admin: AdminApi;
let app: App;
let ann: RegisteredUser;

beforeAll(async () => {
  const server = await startServer({ engine: 'embedded' });
  admin = await adminApi(server);
  app = await openApp(server, admin);
  remember(NEXT);
});

beforeEach(async () => {
  const primary = { updb: { min_password_length: 12, require_number_char: true } };
  ann = await userUnder(admin, { primary }, { must_change_password: true, password: 'harbour at dawn 1' });
});

async function choose(page: Page, password: string, repeat = password) {
  await page.fill('[name=new_password]', password);
  await page.fill('[name=repeat]', repeat);
  return press(page, '#submit');
}

describe.each(SCRIPTING)('Somebody who must choose a new password, %s,', (_, how) => {
  test('is told its rules, is held to them, and signs in with it from then on', async () => {
    const page = await visit(how);
    const { url, exchange } = await app.authorize();
    await page.goto(url);
    await signIn(page, ann);
    expect(await page.textContent('h1')).toBe('Choose a new password');
    expect(await page.locator('#rules li').allTextContents()).toEqual(['at least 12 characters', 'a digit']);
    expect(await page.getAttribute('[name=new_password]', 'autocomplete')).toBe('new-password');

    expect((await choose(page, NEXT, `${NEXT}8`)).status()).toBe(400);
    expect(await page.textContent('[role=alert]')).toMatch(/^The two passwords are not the same\./);
    expect((await choose(page, 'short')).status()).toBe(400);
    expect(await page.textContent('[role=alert]')).toMatch(/^The new password must /);
    expect(await page.inputValue('[name=new_password]')).toBe('');

    await choose(page, NEXT);
    await press(page, '#allow');
    expect((await exchange()).claims()?.sub).toBe(ann.id);

    const again = await visit(how);
    await again.goto((await app.authorize()).url);
    expect((await signIn(again, ann)).status()).toBe(400);
    await signIn(again, { ...ann, password: NEXT });
    expect(again.url()).toContain(app.redirectUri);
  });
});

describe('A new password that is due', () => {
  test('lets nobody in before it is chosen', async () => {
    const page = await visit();
    await page.goto((await app.authorize()).url);
    await signIn(page, ann);
    const beside = await visit({}, page);
    await beside.goto((await app.authorize({ prompt: 'none' })).url);
    expect(app.arrival().parameters.get('error')).toBe('login_required');
  });
});

describe('The link for who forgot their password', () => {
  test('is there when mail can be sent, and not otherwise', async () => {
    const page = await visit();
    await page.goto((await app.authorize()).url);
    expect(await page.locator('#forgotten').count()).toBe(0);

    const env = { MINTMARK_SMTP_URL: 'smtp://127.0.0.1:9', MINTMARK_MAIL_FROM: 'id@example.com' };
    const server = await startServer({ engine: 'embedded', env });
    const other = await openApp(server, await adminApi(server));
    await page.goto((await other.authorize()).url);
    expect(await page.getAttribute('#forgotten', 'href')).toBe('/account/reset');
  });
});
