import { beforeAll, describe, expect, test } from '@jest/globals';
import type { Page as BrowserPage } from 'playwright-core';
import { type Authenticator, addAuthenticator } from '../browser/authenticator.ts';
import { addPolicy, PASSKEY } from '../browser/policies.ts';
import { follow, press, signIn, visit } from '../browser/visit.ts';
import { type AdminApi, adminApi, type RegisteredUser, registerUser } from '../support/clients.ts';
import { type Server, startServer } from '../support/server.ts';
import { remember } from '../support/vault.ts';
import { atAccount, pathOf, personAt, recordsOf } from './support.ts';

const NEXT = 'correct horse battery staple 7';
remember(NEXT);

let server: Server;
let admin: AdminApi;

beforeAll(async () => {
  server = await startServer({ engine: 'embedded' });
  admin = await adminApi(server);
});

async function withPasskey(name: string, overrides = {}) {
  const ann = await registerUser(admin, overrides);
  const page = await visit();
  const authenticator = await addAuthenticator(page);
  await page.goto(`${server.url}/account`);
  await signIn(page, ann);
  await add(page, name);
  return { ann, page, authenticator };
}

async function add(page: BrowserPage, name: string): Promise<void> {
  await page.goto(`${server.url}/account/passkeys/add`);
  await page.fill('#name', name);
  await press(page, '#submit');
  for (const code of await page.locator('.recovery-codes li').allTextContents()) remember(code.trim());
}

const namesAt = async (page: BrowserPage) => {
  await page.goto(`${server.url}/account/passkeys`);
  return (await page.locator('.rows h2').allTextContents()).map((name) => name.trim());
};

const forgetFactor = async (page: BrowserPage, authenticator: Authenticator) => {
  await authenticator.remove();
  return addAuthenticator(page);
};

async function passkeysOf({ id }: RegisteredUser): Promise<{ id: string; name: string }[]> {
  const { items } = (await admin.get(`/users/${id}/authenticators`)).body;
  return items.filter(({ type }: { type: string }) => type === 'passkey');
}

describe('A passkey', () => {
  test('is registered under a name, with the first recovery codes, and signs in without a user name', async () => {
    const { ann, page, authenticator } = await withPasskey('Blue “key” <1>');
    expect(await page.textContent('h1')).toBe('Your new recovery codes');
    expect(await authenticator.count()).toBe(1);
    expect(await namesAt(page)).toEqual(['Blue “key” <1>']);
    expect(await recordsOf(admin, ann, 'passkey.register')).toMatchObject([{ outcome: 'success' }]);

    await press(page, '#sign-out');
    await press(page, '#submit');
    await page.goto(`${server.url}/account`);
    await press(page, '#passkey');
    expect(page.url()).toBe(`${server.url}/account`);
    expect(await page.textContent('header .name')).toBe(ann.username);
  });

  test('is not offered twice to the same device, and several devices may have one', async () => {
    const { page, authenticator } = await withPasskey('Laptop');
    await page.goto(`${server.url}/account/passkeys/add`);
    await page.fill('#name', 'Laptop again');
    await page.click('#submit');
    await page.getByRole('status').filter({ hasText: 'already' }).waitFor();
    await forgetFactor(page, authenticator);
    await add(page, 'Phone');
    expect(await page.textContent('#notice')).toBe('Your passkey was added.');
    expect(await namesAt(page)).toEqual(['Laptop', 'Phone']);
  });

  test('that its owner does not confirm is not registered, and can be tried again', async () => {
    const ann = await registerUser(admin);
    const page = await visit();
    const authenticator = await addAuthenticator(page);
    await page.goto(`${server.url}/account/passkeys/add`);
    await signIn(page, ann);
    await authenticator.setVerified(false);
    await page.fill('#name', 'Laptop');
    await page.click('#submit');
    await page.getByRole('status').filter({ hasText: 'try again' }).waitFor();
    await authenticator.setVerified(true);
    await press(page, '#submit');
    expect(await passkeysOf(ann)).toHaveLength(1);
  });

  test('is not made of whatever a form holds', async () => {
    const ann = await registerUser(admin);
    const person = await personAt(server, ann);
    for (const passkey of ['', 'null', '{}', '{"id":"x","response":{}}', '['.repeat(1000)]) {
      const page = await person.send('/account/passkeys/add', 'passkey', { name: 'Laptop', passkey });
      expect(page.status).toBe(400);
      expect(page.html).toContain('That passkey could not be added.');
    }
    expect(await passkeysOf(ann)).toEqual([]);
    expect((await recordsOf(admin, ann, 'passkey.register'))[0]).toMatchObject({
      outcome: 'failure',
      reason: 'wrong_webauthn',
    });
  });

  test('made for one sign-in is no answer in another', async () => {
    const { page: theirs } = await withPasskey('Theirs');
    await theirs.goto(`${server.url}/account/passkeys/add`);
    const options = await theirs.getAttribute('form[data-passkey]', 'data-options');
    const ann = await registerUser(admin);
    const page = await visit();
    await addAuthenticator(page);
    await page.goto(`${server.url}/account/passkeys/add`);
    await signIn(page, ann);
    await page.locator('form[data-passkey]').evaluate((form: any, other) => {
      form.dataset.options = other;
    }, options);
    await page.fill('#name', 'Swapped');
    await press(page, '#submit');
    expect(await page.textContent('#problem')).toContain('could not be added');
    expect(await passkeysOf(ann)).toEqual([]);
  });

  test('needs JavaScript, and says so', async () => {
    const page = await atAccount(server, await registerUser(admin), '/account/passkeys/add', {
      javaScriptEnabled: false,
    });
    expect(await page.textContent('noscript .notice')).toContain('Passkeys need JavaScript');
    expect(await page.isVisible('#submit')).toBe(false);
  });

  test('is renamed', async () => {
    const { ann, page } = await withPasskey('Laptop');
    const [passkey] = await passkeysOf(ann);
    await page.goto(`${server.url}/account/passkeys/${passkey?.id}`);
    await page.fill('#name', '   ');
    await press(page, '#submit');
    expect(await page.textContent('#problem')).toBe('The name must be 1 to 64 visible characters.');
    await page.fill('#name', ' Blue security key ');
    await press(page, '#submit');
    expect(await page.textContent('#notice')).toBe('Your passkey was renamed.');
    expect(await namesAt(page)).toEqual(['Blue security key']);
    expect((await recordsOf(admin, ann, 'passkey.rename'))[0]).toMatchObject({ outcome: 'success' });
  });

  test('is removed after a question, and the recovery codes go with the last', async () => {
    const { ann, page } = await withPasskey('Laptop');
    const [passkey] = await passkeysOf(ann);
    await page.goto(`${server.url}/account/passkeys`);
    await follow(page, () => page.click('text=Remove Laptop'));
    expect(await page.textContent('main')).toContain('Your recovery codes will go, too');
    await press(page, '#remove');
    expect(await page.textContent('#notice')).toContain('Your passkey was removed.');
    expect(await passkeysOf(ann)).toEqual([]);
    expect(await recordsOf(admin, ann, 'passkey.remove')).toMatchObject([
      { outcome: 'success', data: { passkey: passkey?.id } },
    ]);
    await page.goto(`${server.url}/account/recovery-codes`);
    expect(await page.textContent('main')).toContain('nothing yet that a code would stand in for');
  });

  test.each([
    [
      'the last way to sign in',
      async ({ id }: RegisteredUser) => void (await admin.patch(`/users/${id}`, { password: null })),
    ],
    [
      'demanded',
      async ({ id }: RegisteredUser) =>
        void (await admin.patch(`/users/${id}`, { policy_id: await addPolicy(admin, PASSKEY) })),
    ],
  ])('that is %s stays, and says why', async (why, change) => {
    const { ann, page } = await withPasskey('Laptop');
    const [passkey] = await passkeysOf(ann);
    const path = `/account/passkeys/${passkey?.id}/remove`;
    await page.goto(server.url + path);
    await change(ann);
    await press(page, '#remove');
    await page.goto(server.url + path);
    // Taking the password away has ended the session.
    if (pathOf({ url: page.url() }) !== path) await press(page, '#passkey');
    expect(await page.textContent('#kept')).toContain(why);
    expect(await page.locator('#remove').count()).toBe(0);
    expect(await passkeysOf(ann)).toHaveLength(1);
  });

  test('is a way to a first password', async () => {
    const { ann, page } = await withPasskey('Laptop');
    await admin.patch(`/users/${ann.id}`, { password: null });
    await page.goto(`${server.url}/account/password`);
    await press(page, '#passkey');
    expect(await page.textContent('main')).toContain('You have no password yet.');
    expect(await page.locator('#current').count()).toBe(0);
    for (const field of ['#new_password', '#repeat']) await page.fill(field, NEXT);
    await press(page, '#submit');
    expect(await page.textContent('#notice')).toContain('Your password was set.');
    expect(await recordsOf(admin, ann, 'password.change')).toMatchObject([{ outcome: 'success' }]);
    const { arrived } = await personAt(server, { ...ann, password: NEXT });
    expect(pathOf(arrived)).toBe('/account');
  });

  test('of somebody else is not found', async () => {
    const { ann } = await withPasskey('Theirs');
    const [theirs] = await passkeysOf(ann);
    const person = await personAt(server, await registerUser(admin));
    const csrf = (await person.open('/account')).forms[0]?.fields.get('csrf') ?? '';
    for (const id of [theirs?.id, 'nothing', '%00', '..%2f']) {
      for (const path of [`/account/passkeys/${id}`, `/account/passkeys/${id}/remove`]) {
        const form = {
          action: server.url + path,
          method: 'POST',
          fields: new Map([['csrf', csrf]]),
          buttons: [],
        } as const;
        const answers = [await person.open(path), await person.visitor.submit(form, { name: 'Mine now' })];
        for (const answer of answers) expect([400, 404]).toContain((answer as { status: number }).status);
      }
    }
    expect(await passkeysOf(ann)).toMatchObject([{ id: theirs?.id, name: 'Theirs' }]);
  });
});
