import { beforeAll, describe, test } from '@jest/globals';
import type { Page } from 'playwright-core';
import { type App, openApp } from '../browser/app.ts';
import { addAuthenticator } from '../browser/authenticator.ts';
import { look } from '../browser/look.ts';
import { addPolicy } from '../browser/policies.ts';
import { press, signIn, visit } from '../browser/visit.ts';
import { type AdminApi, adminApi, registerApi, registerUser } from '../support/clients.ts';
import { openMailbox } from '../support/mailbox.ts';
import { type Server, startServer } from '../support/server.ts';
import { totpCode } from '../support/totp.ts';
import { remember } from '../support/vault.ts';
import { personAt } from './support.ts';

const LONG = 'Warehouse of the Northern Harbour, its cranes, and everything that was ever unloaded there';

let server: Server;
let admin: AdminApi;
let app: App;
let resource: string;
let strict: string;

beforeAll(async () => {
  const mailbox = await openMailbox();
  server = await startServer({ engine: 'embedded', env: mailbox.settings });
  admin = await adminApi(server);
  const api = await registerApi(admin, { name: LONG });
  const scope = 'openid profile email offline_access things:read things:write';
  app = await openApp(server, admin, { client_name: 'Harbour Invoices', scope });
  resource = api.identifier;
  strict = await addPolicy(admin, {
    primary: {
      updb: {
        min_password_length: 12,
        require_mixed_case: true,
        require_number_char: true,
        require_special_char: true,
      },
    },
  });
});

async function at(path: string, overrides = {}): Promise<Page> {
  const page = await visit();
  await page.goto(server.url + path);
  await signIn(page, await registerUser(admin, overrides));
  return page;
}

async function rememberCodes(page: Page): Promise<void> {
  for (const code of await page.locator('.recovery-codes li').allTextContents()) remember(code.trim());
}

async function withTotp(): Promise<Page> {
  const page = await at('/account/totp');
  const secret = (await page.textContent('#secret'))?.replaceAll(' ', '') ?? '';
  remember(secret);
  await page.fill('#code', totpCode(secret));
  await press(page, '#submit');
  await rememberCodes(page);
  return page;
}

async function withPasskey(): Promise<Page> {
  const page = await visit();
  await addAuthenticator(page);
  await page.goto(`${server.url}/account/passkeys/add`);
  await signIn(page, await registerUser(admin));
  await page.fill('#name', LONG.slice(0, 64));
  await press(page, '#submit');
  await rememberCodes(page);
  return page;
}

async function go(page: Page, path: string): Promise<Page> {
  await page.goto(server.url + path);
  return page;
}

async function submitted(page: Page, fields: Record<string, string>): Promise<Page> {
  for (const [name, value] of Object.entries(fields)) await page.fill(`#${name}`, value);
  await press(page, '#submit');
  return page;
}

/** At the form for a token of the API with the long name. */
async function newToken(overrides = {}): Promise<Page> {
  const page = await at('/account/tokens/new', overrides);
  await page.selectOption('#audience', resource);
  await press(page, '#submit');
  return page;
}

async function madeToken(format: '#opaque' | '#jwt' = '#opaque'): Promise<Page> {
  const page = await newToken();
  await page.fill('#name', `${LONG} ${'x'.repeat(9)}`);
  await page.check('#scope-0');
  await page.check('#scope-1');
  await page.check(format);
  await press(page, '#submit');
  remember(await page.inputValue('#token'));
  return page;
}

/** Made and replaced, after another was revoked: one that works on, its successor, and one that ended. */
async function replacedToken(): Promise<Page> {
  const page = await madeToken();
  await press(page, '#saved');
  await press(page, '#living button');
  await go(page, `/account/tokens/new?${new URLSearchParams({ audience: resource })}`);
  await page.fill('#name', 'Backups of my laptop');
  await page.check('#scope-0');
  await press(page, '#submit');
  remember(await page.inputValue('#token'));
  await press(page, '#saved');
  await press(page, '#living a');
  await press(page, '#submit');
  remember(await page.inputValue('#token'));
  return page;
}

const wrong = { current: 'not the password', new_password: 'correct horse 7', repeat: 'correct horse 7' };

const PAGES: [name: string, open: () => Promise<Page>][] = [
  ['account', () => at('/account')],
  ['account-full', async () => go(await withTotp(), '/account')],
  ['account-profile', () => at('/account/profile', { username: `${'x'.repeat(60)}-${Date.now()}`, name: LONG })],
  ['account-profile-saved', async () => submitted(await at('/account/profile'), { name: 'Ann' })],
  ['account-profile-error', async () => submitted(await at('/account/profile'), { name: 'x'.repeat(250) })],
  ['account-email', () => at('/account/email')],
  ['account-email-error', async () => submitted(await at('/account/email'), { email: 'ann@localhost' })],
  ['account-password', () => at('/account/password', { policy_id: strict, password: 'Correct Horse 7!' })],
  ['account-password-error', async () => submitted(await at('/account/password'), wrong)],
  ['account-totp-set-up', () => at('/account/totp')],
  ['account-totp-error', async () => submitted(await at('/account/totp'), { code: '12345' })],
  ['account-new-codes', withTotp],
  ['account-totp', async () => go(await withTotp(), '/account/totp')],
  ['account-recovery-codes', async () => go(await withTotp(), '/account/recovery-codes')],
  ['account-recovery-codes-none', () => at('/account/recovery-codes')],
  ['account-passkeys-none', () => at('/account/passkeys')],
  ['account-passkey-add', () => at('/account/passkeys/add')],
  ['account-passkeys', async () => go(await withPasskey(), '/account/passkeys')],
  [
    'account-passkey-rename',
    async () => {
      const page = await go(await withPasskey(), '/account/passkeys');
      await press(page, '.choices a >> nth=0');
      return page;
    },
  ],
  [
    'account-passkey-remove',
    async () => {
      const page = await go(await withPasskey(), '/account/passkeys');
      await press(page, '.choices a >> nth=1');
      return page;
    },
  ],
  [
    'account-sessions',
    async () => {
      const user = await registerUser(admin);
      await personAt(server, user);
      const page = await visit();
      await go(page, '/account/sessions');
      await signIn(page, user);
      return page;
    },
  ],
  ['account-apps-none', () => at('/account/apps')],
  [
    'account-apps',
    async () => {
      const page = await at('/account');
      await page.goto((await app.authorize({ scope: 'openid profile email offline_access', prompt: 'consent' })).url);
      await press(page, '#allow');
      await page.goto((await app.authorize({ scope: 'openid things:read', resource, prompt: 'consent' })).url);
      await press(page, '#allow');
      return go(page, '/account/apps');
    },
  ],
  ['account-tokens-none', () => at('/account/tokens')],
  [
    'account-tokens-forbidden',
    async () => at('/account/tokens', { policy_id: await addPolicy(admin, { pats: { allowed: false } }) }),
  ],
  ['account-token-api', () => at('/account/tokens/new')],
  ['account-token-api-error', async () => go(await at('/account/tokens/new'), '/account/tokens/new?audience=gone')],
  ['account-token-new', newToken],
  ['account-token-error', async () => submitted(await newToken(), { name: 'Backups' })],
  ['account-token-made', madeToken],
  ['account-token-made-jwt', () => madeToken('#jwt')],
  [
    'account-token-rotate',
    async () => {
      const page = await madeToken();
      await press(page, '#saved');
      await press(page, '#living a');
      return page;
    },
  ],
  ['account-token-rotated', replacedToken],
  [
    'account-token-kept',
    async () => {
      const page = await madeToken();
      await press(page, '#saved');
      await press(page, '#living a');
      const rotate = new URL(page.url()).pathname;
      await press(page, '#submit');
      remember(await page.inputValue('#token'));
      return go(page, rotate);
    },
  ],
  ['account-tokens', async () => go(await replacedToken(), '/account/tokens')],
  [
    'account-signed-out',
    async () => {
      const page = await go(await visit(), '/account');
      await press(page, '#cancel');
      return page;
    },
  ],
  ['account-reset', async () => go(await visit(), '/account/reset')],
  ['account-reset-sent', async () => submitted(await go(await visit(), '/account/reset'), { username: 'nobody' })],
  [
    'account-reset-link',
    async () => {
      const { id } = await registerUser(admin, { policy_id: strict, password: 'Correct Horse 7!' });
      const { link } = (await admin.post(`/users/${id}/password-reset`)).body;
      remember(link.split('/').at(-1));
      return go(await visit(), new URL(link).pathname);
    },
  ],
  ['account-reset-gone', async () => go(await visit(), '/account/reset/nothing')],
  ['account-reset-done', async () => go(await visit(), '/account/reset/done')],
];

describe('Everybody can read and use', () => {
  test.each(PAGES)('the page %s', async (name, open) => {
    const page = await open();
    await look(page, name);
  });
});
