import { beforeAll, beforeEach, describe, expect, test } from '@jest/globals';
import { tokenIntrospection } from 'openid-client';
import type { Page } from 'playwright-core';
import { type AdminApi, adminApi, type RegisteredUser, registerUser } from '../support/clients.ts';
import { type Enrolled, enrollTotp } from '../support/people.ts';
import { type Server, startServer } from '../support/server.ts';
import { earlyInStep, totpCode } from '../support/totp.ts';
import { remember } from '../support/vault.ts';
import { type App, openApp } from './app.ts';
import { NO_ENROLMENT, TOTP, userUnder } from './policies.ts';
import { press, SCRIPTING, signIn, visit } from './visit.ts';

let server: Server;
let admin: AdminApi;
let app: App;

beforeAll(async () => {
  server = await startServer({ engine: 'embedded' });
  admin = await adminApi(server);
  app = await openApp(server, admin);
});

async function answer(page: Page, code: string) {
  await page.fill('[name=code]', code);
  return press(page, '#submit');
}

async function answerByRecoveryCode(page: Page, code: string) {
  await page.fill('[name=recovery_code]', code);
  return press(page, '#submit');
}

/** The secret as a person would type it, from the page. */
async function secretOn(page: Page): Promise<string> {
  const secret = (await page.textContent('#secret'))?.replaceAll(' ', '') ?? '';
  remember(secret);
  return secret;
}

describe.each(SCRIPTING)('Somebody of whom a code is demanded and who has no app yet, %s,', (_, how) => {
  test('sets one up while signing in, is shown recovery codes once, and has proved two factors', async () => {
    const ann = await userUnder(admin, TOTP);
    const page = await visit(how);
    const { url, exchange } = await app.authorize();
    await page.goto(url);
    await signIn(page, ann);
    expect(await page.textContent('h1')).toBe('Set up an authenticator app');
    expect(await page.locator('.qr svg').count()).toBe(1);
    expect(await page.getAttribute('#open-app', 'href')).toMatch(/^otpauth:\/\/totp\//);
    const secret = await secretOn(page);

    const wrong = await answer(page, totpCode(secret, 7));
    expect(wrong.status()).toBe(400);
    expect(await page.title()).toMatch(/^Problem: /);
    expect(await secretOn(page)).toBe(secret);

    await answer(page, totpCode(secret));
    expect(await page.textContent('h1')).toBe('Your recovery codes');
    const codes = await page.locator('.recovery-codes li').allTextContents();
    expect(new Set(codes).size).toBe(10);
    for (const code of codes) remember(code.trim());

    await press(page, '#submit');
    await press(page, '#allow');
    expect((await exchange()).claims()).toMatchObject({
      sub: ann.id,
      acr: 'urn:mintmark:acr:2fa',
      amr: ['pwd', 'otp', 'mfa'],
    });
  });
});

describe('Setting up an app while signing in', () => {
  async function atEnrolment() {
    const page = await visit();
    await page.goto((await app.authorize()).url);
    await signIn(page, await userUnder(admin, TOTP));
    return page;
  }

  test('begins anew with another secret when the page is opened again', async () => {
    const page = await atEnrolment();
    const secret = await secretOn(page);
    await page.reload();
    expect(await secretOn(page)).not.toBe(secret);
  });

  test('does not show recovery codes twice, and goes on from there', async () => {
    const page = await atEnrolment();
    await answer(page, totpCode(await secretOn(page)));
    await page.goto(page.url());
    expect(await page.locator('.recovery-codes').count()).toBe(0);
    expect(await page.textContent('main')).toContain('cannot be shown again');
    await press(page, '#submit');
    await page.waitForSelector('#allow');
  });

  test('says what a code looks like', async () => {
    const page = await atEnrolment();
    await answer(page, '12345');
    expect(await page.textContent('[role=alert]')).toBe(
      'A code has six digits. Please type the one that your app shows now.',
    );
  });

  test('leaves nothing behind when it is given up', async () => {
    const page = await atEnrolment();
    await press(page, '#cancel');
    expect(app.arrival().parameters.get('error')).toBe('access_denied');
    await page.goto((await app.authorize({ prompt: 'none' })).url);
    expect(app.arrival().parameters.get('error')).toBe('login_required');
  });
});

describe('Somebody with an authenticator app', () => {
  let ann: RegisteredUser;
  let enrolled: Enrolled;

  beforeEach(async () => {
    ann = await registerUser(admin);
    enrolled = await enrollTotp(server, ann);
  });

  async function atSecondFactor(how = {}) {
    const page = await visit(how);
    const { url, exchange } = await app.authorize();
    await page.goto(url);
    await signIn(page, ann);
    expect(await page.textContent('h1')).toBe('Confirm it is you');
    return { page, exchange };
  }

  test.each(SCRIPTING)('is asked for a code after the password, %s', async (_, how) => {
    const { page, exchange } = await atSecondFactor(how);
    expect(await page.getAttribute('[name=code]', 'autocomplete')).toBe('one-time-code');
    expect(await page.getAttribute('[name=code]', 'inputmode')).toBe('numeric');
    await answer(page, totpCode(enrolled.secret));
    await press(page, '#allow');
    const tokens = await exchange();
    const how2fa = { acr: 'urn:mintmark:acr:2fa', amr: ['pwd', 'otp', 'mfa'] };
    expect(tokens.claims()).toMatchObject({ sub: ann.id, ...how2fa });
    expect(await tokenIntrospection(app.config, tokens.access_token)).toMatchObject({
      active: true,
      ...how2fa,
      auth_time: tokens.claims()?.auth_time,
    });
    expect(Math.abs(Number(tokens.claims()?.auth_time) - Date.now() / 1000)).toBeLessThan(60);
  });

  test.each([
    ['with blanks', (code: string) => ` ${code.slice(0, 3)} ${code.slice(3)} `],
    [
      'in full-width digits',
      (code: string) => code.replace(/\d/g, (digit) => String.fromCodePoint(0xff10 + Number(digit))),
    ],
  ])('may type the code %s', async (_, asTyped) => {
    const { page } = await atSecondFactor();
    await answer(page, asTyped(totpCode(enrolled.secret)));
    await page.waitForSelector('#allow');
  });

  test('is told that a code is wrong, or was used before, in the same words', async () => {
    await earlyInStep();
    const first = await atSecondFactor();
    const code = totpCode(enrolled.secret);
    expect((await answer(first.page, totpCode(enrolled.secret, 9))).status()).toBe(400);
    const words = await first.page.textContent('[role=alert]');
    expect(words).toContain('After too many tries, sign-in pauses for a while.');
    expect(await first.page.getAttribute('[name=code]', 'aria-invalid')).toBe('true');
    await answer(first.page, code);
    await first.page.waitForSelector('#allow');

    const second = await atSecondFactor();
    expect((await answer(second.page, code)).status()).toBe(400);
    expect(await second.page.textContent('[role=alert]')).toBe(words);
  });

  test('is told how long to wait after too many wrong codes', async () => {
    const { page } = await atSecondFactor();
    let refusal = await answer(page, '000000');
    for (let tries = 0; refusal.status() !== 429 && tries < 12; tries += 1) refusal = await answer(page, '000000');
    expect(refusal.status()).toBe(429);
    expect(Number(refusal.headers()['retry-after'])).toBeGreaterThan(0);
    expect(await page.textContent('[role=alert]')).toMatch(
      /^Too many tries\. Please try again in \d+ (second|minute)s?\.$/,
    );
  });

  test.each(SCRIPTING)('may use a recovery code instead, once, %s', async (_, how) => {
    const [code = ''] = enrolled.recoveryCodes;
    const { page, exchange } = await atSecondFactor(how);
    await press(page, '#by-recovery-code');
    expect((await answerByRecoveryCode(page, 'AAAA-AAAA-AAAA')).status()).toBe(400);
    expect(await page.textContent('h1')).toBe('Use a recovery code');
    await answerByRecoveryCode(page, ` ${code.toUpperCase()} `);
    await press(page, '#allow');
    expect((await exchange()).claims()?.sub).toBe(ann.id);

    const again = await atSecondFactor(how);
    await press(again.page, '#by-recovery-code');
    expect((await answerByRecoveryCode(again.page, code)).status()).toBe(400);
    await press(again.page, '#by-other');
    await again.page.waitForSelector('[name=code]');
  });

  test('may give up, or leave it to another account', async () => {
    const { page } = await atSecondFactor();
    await press(page, '#switch');
    const bob = await registerUser(admin);
    expect(await page.inputValue('[name=username]')).toBe('');
    await signIn(page, bob);
    expect(await page.textContent('.account .name')).toBe(bob.username);

    const other = await atSecondFactor();
    await press(other.page, '#cancel');
    expect(app.arrival().parameters.get('error')).toBe('access_denied');
  });
});

describe.each(SCRIPTING)(
  'Somebody of whom a second factor is demanded that they may not set up here, %s,',
  (_, how) => {
    test('is sent to the administrator, and may go back to the application', async () => {
      const page = await visit(how);
      await page.goto((await app.authorize()).url);
      await signIn(page, await userUnder(admin, NO_ENROLMENT));
      expect(await page.textContent('main')).toContain('Please ask your administrator.');
      await press(page, '#cancel');
      expect(app.arrival().parameters.get('error')).toBe('access_denied');
    });
  },
);
