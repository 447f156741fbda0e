import { beforeAll, beforeEach, describe, expect, test } from '@jest/globals';
import type { Page } from 'playwright-core';
import { type AdminApi, adminApi, type RegisteredUser, registerUser } from '../support/clients.ts';
import { startServer } from '../support/server.ts';
import { totpCode } from '../support/totp.ts';
import { remember } from '../support/vault.ts';
import { type App, openApp } from './app.ts';
import { addPolicy, NO_ENROLMENT, TOTP } from './policies.ts';
import { press, signIn, visit } from './visit.ts';

const TWO_FACTORS = { acr_values: 'urn:mintmark:acr:2fa' };

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

/** Ann is signed in by her password alone. */
async function signedIn() {
  const page = await visit();
  const { url, exchange } = await app.authorize();
  await page.goto(url);
  await signIn(page, ann);
  await press(page, '#allow');
  const claims = (await exchange()).claims();
  expect(claims).toMatchObject({ acr: 'urn:mintmark:acr:1fa', amr: ['pwd'] });
  return { page, authTime: claims?.auth_time };
}

/** At the page that sets up an app; ends behind the recovery codes. */
async function setUpApp(page: Page) {
  const secret = (await page.textContent('#secret'))?.replaceAll(' ', '') ?? '';
  remember(secret);
  await page.fill('[name=code]', totpCode(secret));
  await press(page, '#submit');
  for (const code of await page.locator('.recovery-codes li').allTextContents()) remember(code.trim());
  await press(page, '#submit');
}

describe('A request for more than the session has proved (acr_values)', () => {
  test('asks for what is missing and not for the password, and says so in the ID token', async () => {
    const { page, authTime } = await signedIn();
    const { url, exchange } = await app.authorize(TWO_FACTORS);
    await page.goto(url);
    expect(await page.textContent('h1')).toBe('Set up an authenticator app');
    expect(await page.locator('[name=password]').count()).toBe(0);
    await setUpApp(page);
    const claims = (await exchange()).claims();
    expect(claims).toMatchObject({
      sub: ann.id,
      acr: 'urn:mintmark:acr:2fa',
      amr: ['pwd', 'otp', 'mfa'],
      auth_time: authTime,
    });

    const again = await app.authorize(TWO_FACTORS);
    await page.goto(again.url);
    expect((await again.exchange()).claims()?.acr).toBe('urn:mintmark:acr:2fa');
  });

  test('without a page (prompt=none) is an error that says why', async () => {
    const { page } = await signedIn();
    await page.goto((await app.authorize({ ...TWO_FACTORS, prompt: 'none' })).url);
    expect(app.arrival().parameters.get('error')).toBe('unmet_authentication_requirements');
  });

  test('may be declined: the session stays as it was', async () => {
    const { page } = await signedIn();
    await page.goto((await app.authorize(TWO_FACTORS)).url);
    await press(page, '#cancel');
    expect(app.arrival().parameters.get('error')).toBe('access_denied');
    const { url, exchange } = await app.authorize({ prompt: 'none' });
    await page.goto(url);
    expect((await exchange()).claims()?.acr).toBe('urn:mintmark:acr:1fa');
  });

  test('asks somebody who signs in anew for both', async () => {
    const page = await visit();
    const { url, exchange } = await app.authorize(TWO_FACTORS);
    await page.goto(url);
    await signIn(page, ann);
    await setUpApp(page);
    await press(page, '#allow');
    expect((await exchange()).claims()?.acr).toBe('urn:mintmark:acr:2fa');
  });

  test('of values that mean nothing here asks for nothing', async () => {
    const { page } = await signedIn();
    await page.goto((await app.authorize({ acr_values: 'urn:somebody:gold' })).url);
    expect(app.arrival().parameters.get('code')).toBeTruthy();
  });

  test('may be met by another account', async () => {
    const { page } = await signedIn();
    const bob = await registerUser(admin);
    const { url, exchange } = await app.authorize(TWO_FACTORS);
    await page.goto(url);
    await press(page, '#switch');
    await signIn(page, bob);
    await setUpApp(page);
    await page.waitForSelector('#allow');
    await press(page, '#allow');
    expect((await exchange()).claims()).toMatchObject({ sub: bob.id, acr: 'urn:mintmark:acr:2fa' });
  });
});

describe('A policy that demands more than it did when somebody signed in', () => {
  test('is answered at their next authorization', async () => {
    const { page } = await signedIn();
    await admin.patch(`/users/${ann.id}`, { policy_id: await addPolicy(admin, TOTP) });
    await page.goto((await app.authorize({ prompt: 'none' })).url);
    expect(app.arrival().parameters.get('error')).toBe('login_required');

    const { url, exchange } = await app.authorize();
    await page.goto(url);
    expect(await page.textContent('h1')).toBe('Set up an authenticator app');
    await setUpApp(page);
    expect((await exchange()).claims()).toMatchObject({ sub: ann.id, acr: 'urn:mintmark:acr:2fa' });
  });

  test('shuts out who cannot answer it', async () => {
    const { page } = await signedIn();
    await admin.patch(`/users/${ann.id}`, { policy_id: await addPolicy(admin, NO_ENROLMENT) });
    await page.goto((await app.authorize()).url);
    expect(await page.textContent('h1')).toBe('A second factor is needed');
    await page.reload();
    expect(await page.textContent('h1')).toBe('A second factor is needed');
  });

  test('that takes no passwords any more asks for another proof', async () => {
    const { page } = await signedIn();
    const passkeysOnly = await addPolicy(admin, { primary: { updb: { allowed: false } } });
    await admin.patch(`/users/${ann.id}`, { policy_id: passkeysOnly });
    await page.goto((await app.authorize()).url);
    expect(await page.textContent('h1')).toBe('Confirm it is you');
    expect(await page.locator('[name=password]').count()).toBe(0);
    expect(await page.isVisible('#passkey')).toBe(true);
  });
});
