import { beforeAll, beforeEach, describe, expect, test } from '@jest/globals';
import type { Page } from 'playwright-core';
import { type AdminApi, adminApi, type RegisteredUser, registerUser } from '../support/clients.ts';
import { startServer } from '../support/server.ts';
import { remember } from '../support/vault.ts';
import { type App, openApp } from './app.ts';
import { addAuthenticator } from './authenticator.ts';
import { ANY, PASSKEY, userUnder } from './policies.ts';
import { press, signIn, visit } from './visit.ts';

let admin: AdminApi;
let app: App;
let ann: RegisteredUser;

beforeAll(async () => {
  const server = await startServer({ engine: 'embedded' });
  admin = await adminApi(server);
  app = await openApp(server, admin);
});

beforeEach(async () => {
  ann = await userUnder(admin, PASSKEY);
});

async function atSignIn(page: Page, parameters: Record<string, string> = {}) {
  const { url, exchange } = await app.authorize(parameters);
  await page.goto(url);
  return exchange;
}

/** Ann's browser, with a passkey of hers, made where her policy asked for one; and she is signed in. */
async function withPasskey() {
  const page = await visit();
  const authenticator = await addAuthenticator(page);
  const exchange = await atSignIn(page);
  await signIn(page, ann);
  expect(await page.textContent('h1')).toBe('Set up a passkey');
  await page.fill('[name=name]', 'Blue laptop');
  await press(page, '#submit');
  return { page, authenticator, exchange };
}

/** Beyond the recovery codes that come with the first second factor. */
async function goOn(page: Page) {
  for (const code of await page.locator('.recovery-codes li').allTextContents()) remember(code.trim());
  await press(page, '#submit');
}

describe('Somebody of whom a passkey is demanded and who has none', () => {
  test('makes one while signing in, is given recovery codes, and has proved what cannot be phished', async () => {
    const { page, authenticator, exchange } = await withPasskey();
    expect(await page.textContent('h1')).toBe('Your recovery codes');
    expect(await authenticator.count()).toBe(1);
    await goOn(page);
    await press(page, '#allow');
    const claims = (await exchange()).claims();
    expect(claims).toMatchObject({ sub: ann.id, acr: 'phr', amr: expect.arrayContaining(['pwd', 'pop', 'mfa']) });

    const { body } = await admin.get(`/users/${ann.id}/authenticators`);
    expect(JSON.stringify(body)).toContain('Blue laptop');
  });

  test('needs a finger on it: without, the page says so and waits for another try', async () => {
    const page = await visit();
    const authenticator = await addAuthenticator(page);
    await atSignIn(page);
    await signIn(page, ann);
    await authenticator.setVerified(false);
    await page.click('#submit');
    await page.getByRole('status').filter({ hasText: 'try again' }).waitFor();
    expect(await authenticator.count()).toBe(0);
    await authenticator.setVerified(true);
    await press(page, '#submit');
    expect(await page.textContent('h1')).toBe('Your recovery codes');
  });

  test('is told what a name for it may be, and may give another', async () => {
    const page = await visit();
    await addAuthenticator(page);
    await atSignIn(page);
    await signIn(page, ann);
    await page.locator('#name').evaluate((input: any) => input.removeAttribute('maxlength'));
    await page.fill('[name=name]', 'x'.repeat(65));
    expect((await press(page, '#submit')).status()).toBe(400);
    expect(await page.textContent('[role=alert]')).toBe('The name must be 1 to 64 visible characters.');
    expect(await page.inputValue('[name=name]')).toBe('x'.repeat(65));
    await page.fill('[name=name]', 'Blue laptop');
    await press(page, '#submit');
    expect(await page.textContent('h1')).toBe('Your recovery codes');
  });

  test('is told that it takes JavaScript, and may leave', async () => {
    const page = await visit({ javaScriptEnabled: false });
    await atSignIn(page);
    await signIn(page, ann);
    expect(await page.isVisible('#submit')).toBe(false);
    expect(await page.textContent('noscript')).toContain('Passkeys need JavaScript');
    await press(page, '#cancel');
    expect(app.arrival().parameters.get('error')).toBe('access_denied');
  });
});

describe('A passkey', () => {
  test('signs in without a user name', async () => {
    const { page, authenticator } = await withPasskey();
    await goOn(page);
    const elsewhere = await visit();
    const copy = await addAuthenticator(elsewhere);
    const exchange = await atSignIn(elsewhere);
    await authenticator.copyTo(copy);
    await press(elsewhere, '#passkey');
    await press(elsewhere, '#allow');
    expect((await exchange()).claims()).toMatchObject({ sub: ann.id, acr: 'phr', amr: ['pop', 'mfa'] });
  });

  test('is offered among what the browser fills in', async () => {
    const { page, authenticator } = await withPasskey();
    await goOn(page);
    const elsewhere = await visit();
    const copy = await addAuthenticator(elsewhere, { autofill: true });
    await atSignIn(elsewhere);
    expect(await elsewhere.getAttribute('[name=username]', 'autocomplete')).toBe('username webauthn');
    await authenticator.copyTo(copy);
    await elsewhere.reload({ waitUntil: 'commit' });
    await elsewhere.waitForSelector('#allow');
  });

  test('is a second factor behind the password', async () => {
    const { page, authenticator } = await withPasskey();
    await goOn(page);
    const elsewhere = await visit();
    const copy = await addAuthenticator(elsewhere);
    const exchange = await atSignIn(elsewhere);
    await signIn(elsewhere, ann);
    expect(await elsewhere.textContent('h1')).toBe('Confirm it is you');
    expect(await elsewhere.locator('[name=code]').count()).toBe(0);
    await authenticator.copyTo(copy);
    await press(elsewhere, '#passkey');
    await press(elsewhere, '#allow');
    expect((await exchange()).claims()).toMatchObject({ sub: ann.id, acr: 'phr' });
  });

  test('that the account no longer has is refused in words, and another way is open', async () => {
    const { page, authenticator } = await withPasskey();
    await goOn(page);
    await admin.delete(`/users/${ann.id}/authenticators`);
    const elsewhere = await visit();
    const copy = await addAuthenticator(elsewhere);
    await atSignIn(elsewhere);
    await authenticator.copyTo(copy);
    expect((await press(elsewhere, '#passkey')).status()).toBe(400);
    expect(await elsewhere.textContent('[role=alert]')).toMatch(/^That passkey was not accepted\./);
    await signIn(elsewhere, ann);
    expect(await elsewhere.textContent('h1')).toBe('Set up a passkey');
  });

  test('proves somebody again who is signed in, and nobody else', async () => {
    const { page } = await withPasskey();
    await goOn(page);
    await press(page, '#allow');
    const exchange = await atSignIn(page, { prompt: 'login' });
    expect(await page.textContent('h1')).toBe('Confirm it is you');
    await press(page, '#passkey');
    expect((await exchange()).claims()).toMatchObject({ sub: ann.id, amr: ['pop', 'mfa'] });

    const bob = await registerUser(admin);
    const other = await visit();
    await atSignIn(other);
    await signIn(other, bob);
    await press(other, '#allow');
    await addAuthenticator(other);
    await atSignIn(other, { prompt: 'login' });
    await other.click('#passkey');
    await other.getByRole('status').filter({ hasText: 'not used' }).waitFor();
  });

  test('is not mentioned where the browser has none', async () => {
    const page = await visit();
    await page.addInitScript('delete window.PublicKeyCredential');
    await atSignIn(page);
    expect(await page.isVisible('#passkey')).toBe(false);
    expect(await page.isVisible('form [role=status]')).toBe(false);
    await signIn(page, ann);
    expect(await page.textContent('form [role=status]')).toBe('This browser cannot use passkeys.');
  });

  test('that is not there is said aloud, and the password works all the same', async () => {
    const page = await visit();
    await addAuthenticator(page);
    await atSignIn(page);
    await page.click('#passkey');
    await page.getByRole('status').filter({ hasText: 'not used' }).waitFor();
    expect(await page.isEnabled('#passkey')).toBe(true);
    await signIn(page, await registerUser(admin));
    await page.waitForSelector('#allow');
  });
});

describe('Somebody of whom any second factor is demanded', () => {
  test('may choose which one to set up', async () => {
    const page = await visit();
    await atSignIn(page);
    await signIn(page, await userUnder(admin, ANY));
    expect(await page.textContent('h1')).toBe('Set up an authenticator app');
    await press(page, '#by-passkey');
    expect(await page.textContent('h1')).toBe('Set up a passkey');
    await press(page, '#by-totp');
    expect(await page.textContent('h1')).toBe('Set up an authenticator app');
  });
});
