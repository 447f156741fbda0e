import { beforeAll, beforeEach, describe, expect, test } from '@jest/globals';
import type { Page } from 'playwright-core';
import {
  type AdminApi,
  adminApi,
  type RegisteredClient,
  type RegisteredUser,
  registerClient,
  registerUser,
} from '../support/clients.ts';
import { basic, observedFetch } from '../support/http.ts';
import { enrollTotp } from '../support/people.ts';
import { type Server, startServer } from '../support/server.ts';
import { totpCode } from '../support/totp.ts';
import { look } from './look.ts';
import { press, SCRIPTING, signIn, visit } from './visit.ts';

const DEVICE_GRANT = 'urn:ietf:params:oauth:grant-type:device_code';
const WRONG_CODE = 'That code is not valid, or it has expired. Check it, or ask your device for a new one.';

let server: Server;
let admin: AdminApi;
let television: RegisteredClient;

/** Consent is remembered for a user, whatever the browser: each test has its own. */
let ann: RegisteredUser;

beforeAll(async () => {
  server = await startServer({ engine: 'embedded' });
  admin = await adminApi(server);
  const grant_types = [DEVICE_GRANT, 'refresh_token'];
  television = await registerClient(admin, {
    client_name: 'Telly',
    grant_types,
    redirect_uris: [],
    response_types: [],
  });
});

beforeEach(async () => {
  ann = await registerUser(admin);
});

/** The device's half (RFC 8628 §3.1, §3.4). */
async function call(path: string, parameters: Record<string, string>): Promise<Record<string, string>> {
  const authorization = basic(television.client_id, television.client_secret);
  const answer = await observedFetch(`${server.url}${path}`, {
    method: 'POST',
    headers: { authorization, 'user-agent': 'Telly/1.0 <b>' },
    body: new URLSearchParams(parameters),
  });
  return (await answer.json()) as Record<string, string>;
}

async function switchOn() {
  const asked = await call('/oauth/device/code', { scope: 'openid profile' });
  const poll = () => call('/oauth/token', { grant_type: DEVICE_GRANT, device_code: asked.device_code ?? '' });
  return {
    code: asked.user_code ?? '',
    address: asked.verification_uri ?? '',
    complete: asked.verification_uri_complete ?? '',
    poll,
  };
}

async function enter(page: Page, code: string) {
  await page.fill('[name=user_code]', code);
  return press(page, '#submit');
}

describe.each(SCRIPTING)('The device flow (RFC 8628), %s,', (_, how) => {
  test('connects a device whose code is typed in small letters, and the device gets tokens', async () => {
    const { code, address, poll } = await switchOn();
    expect(await poll()).toMatchObject({ error: 'authorization_pending' });

    const page = await visit(how);
    await page.goto(address);
    if (how.javaScriptEnabled) await look(page, 'device');
    await enter(page, code.toLowerCase());
    expect(await page.textContent('h1')).toBe('Is this your device?');
    expect(await page.textContent('.lead .name')).toBe('Telly');
    expect(await page.textContent('.shown-code')).toBe(code);
    expect(await page.textContent('.facts')).toContain('Telly/1.0 <b>');
    if (how.javaScriptEnabled) await look(page, 'device-confirm');

    await press(page, '#allow');
    await signIn(page, ann);
    expect(await page.textContent('h1')).toBe('Allow Telly?');
    const answer = await press(page, '#allow');
    expect(answer.status()).toBe(200);
    expect(await page.textContent('h1')).toBe('Device connected');
    if (how.javaScriptEnabled) await look(page, 'device-done');
    expect(await poll()).toMatchObject({ token_type: 'Bearer', access_token: expect.any(String) });
  });

  test('takes the code from the address, where a device can show one to scan, and still asks', async () => {
    const { code, complete, poll } = await switchOn();
    const page = await visit(how);
    await page.goto(complete);
    if (!how.javaScriptEnabled) await press(page, 'noscript button');
    await page.waitForSelector('.shown-code');
    expect(await page.textContent('.shown-code')).toBe(code);
    expect(await poll()).toMatchObject({ error: 'authorization_pending' });
  });

  test('asks for a second factor on the way, and only then connects the device', async () => {
    const { secret } = await enrollTotp(server, ann);
    const { code, address, poll } = await switchOn();
    const page = await visit(how);
    await page.goto(address);
    await enter(page, code);
    await press(page, '#allow');
    await signIn(page, ann);
    expect(await page.textContent('h1')).toBe('Confirm it is you');
    expect(await page.textContent('.lead')).toContain('to continue to Telly');
    expect(await poll()).toMatchObject({ error: 'authorization_pending' });
    await page.fill('[name=code]', totpCode(secret));
    await press(page, '#submit');
    await press(page, '#allow');
    expect(await page.textContent('h1')).toBe('Device connected');
    expect(await poll()).toMatchObject({ token_type: 'Bearer', access_token: expect.any(String) });
  });

  test('aborted, tells the device access_denied', async () => {
    const { code, address, poll } = await switchOn();
    const page = await visit(how);
    await page.goto(address);
    await enter(page, code);
    await press(page, '#deny');
    expect(await page.textContent('[role=status]')).toMatch(/You did not allow the device to connect/);
    expect(await poll()).toMatchObject({ error: 'access_denied' });
  });
});

describe('The device flow', () => {
  test('takes a code with and without its dash, and with spaces around it', async () => {
    const page = await visit();
    for (const asTyped of [(code: string) => code.replace('-', ''), (code: string) => ` ${code} `]) {
      const { code, address } = await switchOn();
      await page.goto(address);
      await enter(page, asTyped(code));
      expect(await page.textContent('.shown-code')).toBe(code);
    }
  });

  test('says the same of an unknown code, of a used one and of none, and keeps what was typed', async () => {
    const { code, address } = await switchOn();
    const page = await visit();
    await page.goto(address);
    await enter(page, code);
    await press(page, '#deny');

    for (const wrong of ['BBBB-BBBB', code]) {
      await page.goto(address);
      const answer = await enter(page, wrong);
      expect(answer.status()).toBe(200);
      expect(await page.textContent('[role=alert]')).toBe(WRONG_CODE);
      expect(await page.inputValue('[name=user_code]')).toBe(wrong);
    }
    await look(page, 'device-error');
    // A browser asks for the field itself; one that does not is answered all the same.
    await page.locator('#user_code').evaluate((field) => field.removeAttribute('required'));
    await enter(page, '');
    expect(await page.textContent('[role=alert]')).toBe(WRONG_CODE);
  });

  test.each([
    ['at the sign-in', async (page: Page) => press(page, '#cancel')],
    ['at the consent', async (page: Page) => signIn(page, ann).then(() => press(page, '#deny'))],
  ])('given up %s, tells the person, and the device access_denied', async (_, giveUp) => {
    const { code, address, poll } = await switchOn();
    const page = await visit();
    await page.goto(address);
    await enter(page, code);
    await press(page, '#allow');
    await giveUp(page);
    expect(await page.textContent('[role=status]')).toMatch(/You did not allow the device to connect/);
    expect(await poll()).toMatchObject({ error: 'access_denied' });
  });

  test('lets another account be used, and connects that one', async () => {
    const bob = await registerUser(admin);
    const page = await visit();
    const first = await switchOn();
    await page.goto(first.address);
    await enter(page, first.code);
    await press(page, '#allow');
    await signIn(page, ann);
    await press(page, '#switch');
    await signIn(page, bob);
    await page.waitForSelector('.account');
    expect(await page.textContent('.account .name')).toBe(bob.username);
    await press(page, '#allow');
    expect(await page.textContent('h1')).toBe('Device connected');

    const { access_token } = await first.poll();
    const answer = await observedFetch(`${server.url}/oauth/userinfo`, {
      headers: { authorization: `Bearer ${access_token}` },
    });
    expect(await answer.json()).toMatchObject({ sub: bob.id });
  });

  test('refuses a confirmation that another page sent', async () => {
    const { code, address, poll } = await switchOn();
    const page = await visit();
    await page.goto(address);
    await enter(page, code);
    await page.locator('[name=xsrf]').evaluate((field) => {
      field.value = 'forged';
    });
    const answer = await press(page, '#allow');
    expect(answer.status()).toBe(400);
    expect(await poll()).toMatchObject({ error: 'authorization_pending' });
  });
});
