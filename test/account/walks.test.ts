/** The everyday changes of the account page, by hand, whether scripts may run or not. */
import { beforeAll, describe, expect, test } from '@jest/globals';
import type { Page } from 'playwright-core';
import { follow, press, SCRIPTING } from '../browser/visit.ts';
import { createAuthenticator } from '../support/authenticator.ts';
import { type AdminApi, adminApi, registerUser } from '../support/clients.ts';
import { authenticate, enrollTotp } from '../support/people.ts';
import { type Server, startServer } from '../support/server.ts';
import { totpCode } from '../support/totp.ts';
import { remember } from '../support/vault.ts';
import { atAccount } from './support.ts';

let server: Server;
let admin: AdminApi;

beforeAll(async () => {
  server = await startServer({ engine: 'embedded' });
  admin = await adminApi(server);
});

/** Ann with an app and a passkey, at a page to which both proofs have led. Adding a passkey takes a script; all else must not. */
async function atAccountWithPasskey(path: string, how: Parameters<typeof atAccount>[3]): Promise<Page> {
  const ann = await registerUser(admin);
  const { secret, recoveryCodes } = await enrollTotp(server, ann);
  for (const code of recoveryCodes) remember(code);
  const session = await authenticate(server, ann);
  await session.call('POST', '/authenticate/recovery_code', { code: recoveryCodes[0] });
  const { options } = (await session.call('POST', '/me/passkeys', {})).body;
  const response = createAuthenticator().create(options, server.issuer);
  expect((await session.call('POST', '/me/passkeys', { response, name: 'Laptop' })).status).toBe(200);

  const page = await atAccount(server, ann, path, how);
  await page.fill('[name=code]', totpCode(secret));
  await press(page, '#submit');
  return page;
}

describe.each(SCRIPTING)('Somebody at their account, %s,', (_, how) => {
  test('changes their name and their email address', async () => {
    const ann = await registerUser(admin);
    const page = await atAccount(server, ann, '/account/profile', how);
    await page.fill('#name', 'Ada Lovelace');
    await press(page, '#submit');
    expect(await page.textContent('#notice')).toBe('Your name was saved.');
    await follow(page, () => page.click('text=Change your email address'));
    await page.fill('#email', 'ada@localhost');
    expect((await press(page, '#submit')).status()).toBe(400);
    expect(await page.inputValue('#email')).toBe('ada@localhost');
    await page.fill('#email', 'ada@example.org');
    await press(page, '#submit');
    expect(await page.textContent('#notice')).toBe('Your email address was saved.');
    expect(await page.textContent('main')).toContain('ada@example.org');
    expect((await admin.get(`/users/${ann.id}`)).body).toMatchObject({
      name: 'Ada Lovelace',
      email: 'ada@example.org',
    });
  });

  test('makes new recovery codes, which are shown once', async () => {
    const page = await atAccountWithPasskey('/account/recovery-codes', how);
    expect(await page.textContent('#left')).toBe('9 of 10');
    await press(page, '#generate');
    const codes = await page.locator('.recovery-codes li').allTextContents();
    for (const code of codes) remember(code.trim());
    expect(new Set(codes).size).toBe(10);
    await page.goto(`${server.url}/account/recovery-codes`);
    expect(await page.locator('.recovery-codes li').count()).toBe(0);
    expect(await page.textContent('#left')).toBe('10 of 10');
  });

  test('renames a passkey, and removes it after a question', async () => {
    const page = await atAccountWithPasskey('/account/passkeys', how);
    await follow(page, () => page.click('text=Rename Laptop'));
    await page.fill('#name', 'Phone');
    await press(page, '#submit');
    expect(await page.textContent('#notice')).toBe('Your passkey was renamed.');
    await follow(page, () => page.click('text=Remove Phone'));
    expect(await page.textContent('main')).toContain('Phone');
    await press(page, '#remove');
    expect(await page.textContent('#notice')).toContain('Your passkey was removed.');
    expect(await page.textContent('main')).toContain('You have no passkey yet.');
  });
});
