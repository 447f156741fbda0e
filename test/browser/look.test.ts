import { beforeAll, describe, expect, test } from '@jest/globals';
import type { Page } from 'playwright-core';
import { type AdminApi, adminApi, type RegisteredUser, registerApi, registerUser } from '../support/clients.ts';
import { enrollTotp } from '../support/people.ts';
import { type Server, startServer } from '../support/server.ts';
import { totpCode } from '../support/totp.ts';
import { remember } from '../support/vault.ts';
import { type App, openApp } from './app.ts';
import { addAuthenticator } from './authenticator.ts';
import { look } from './look.ts';
import { ANY, NO_ENROLMENT, PASSKEY, TOTP, userUnder } from './policies.ts';
import { press, signIn, visit } from './visit.ts';

const FACE = {
  client_name: 'Harbour Invoices',
  client_uri: 'https://invoices.example/',
  policy_uri: 'https://invoices.example/privacy',
  tos_uri: 'https://invoices.example/terms',
};
const MANY = Array.from({ length: 24 }, (_, n) => ({
  name: `warehouse:shelf-${n}:read`,
  description: n % 3 ? `See what lies on shelf ${n}, since when, and who put it there` : '',
}));

let server: Server;
let admin: AdminApi;
let app: App;
let ann: RegisteredUser;

beforeAll(async () => {
  server = await startServer({ engine: 'embedded' });
  admin = await adminApi(server);
  const api = await registerApi(admin, { name: 'Warehouse of the Northern Harbour', scopes: MANY });
  const scope = ['openid profile email phone address offline_access', ...MANY.map(({ name }) => name)].join(' ');
  app = await openApp(server, admin, { ...FACE, scope });
  ann = await registerUser(admin, { username: 'ann.example@northern-harbour.example' });
  long = { scope, prompt: 'consent', resource: api.identifier };
});

/** At the first page behind the password of a new user. */
async function behindPassword(page: Page, policy: object, overrides: object = {}): Promise<void> {
  await authorize(page);
  await signIn(page, await userUnder(admin, policy, overrides));
}

/** At the page that asks somebody with an app for a code. */
async function atSecondFactor(page: Page): Promise<void> {
  const holder = await registerUser(admin);
  await enrollTotp(server, holder);
  await authorize(page);
  await signIn(page, holder);
}

async function answer(page: Page, code: string): Promise<void> {
  await page.fill('[name=code]', code);
  await press(page, '#submit');
}

async function atRecoveryCodes(page: Page): Promise<void> {
  await behindPassword(page, TOTP);
  const secret = (await page.textContent('#secret'))?.replaceAll(' ', '') ?? '';
  remember(secret);
  await answer(page, totpCode(secret));
  for (const code of await page.locator('.recovery-codes li').allTextContents()) remember(code.trim());
}

/** Everything there is to ask for. */
let long: Record<string, string>;

async function authorize(page: Page, parameters: Record<string, string> = {}): Promise<void> {
  await page.goto((await app.authorize({ prompt: 'consent', ...parameters })).url);
}

async function atConsent(page: Page, parameters: Record<string, string> = {}): Promise<void> {
  await authorize(page, parameters);
  await signIn(page, ann);
}

const PAGES: [name: string, open: (page: Page) => Promise<unknown>][] = [
  ['login', (page) => authorize(page)],
  [
    'login-error',
    async (page) => {
      await authorize(page);
      await signIn(page, { ...ann, password: 'not the password' });
    },
  ],
  [
    'reauthentication',
    async (page) => {
      await atConsent(page);
      await press(page, '#allow');
      await authorize(page, { prompt: 'login' });
    },
  ],
  [
    'login-passkey-only',
    async (page) => {
      await addAuthenticator(page);
      await admin.patch('/auth-policies/default', { primary: { updb: { allowed: false } } });
      await authorize(page);
      await admin.patch('/auth-policies/default', { primary: { updb: { allowed: true } } });
    },
  ],
  ['second-factor', atSecondFactor],
  ['second-factor-error', (page) => atSecondFactor(page).then(() => answer(page, '000000'))],
  ['recovery-code', (page) => atSecondFactor(page).then(() => press(page, '#by-recovery-code'))],
  ['enroll-totp', (page) => behindPassword(page, ANY)],
  ['enroll-totp-error', (page) => behindPassword(page, TOTP).then(() => answer(page, '12345'))],
  ['enroll-passkey', (page) => behindPassword(page, PASSKEY)],
  ['recovery-codes', atRecoveryCodes],
  ['recovery-codes-again', (page) => atRecoveryCodes(page).then(() => page.goto(page.url()))],
  ['stuck', (page) => behindPassword(page, NO_ENROLMENT)],
  ['new-password', (page) => behindPassword(page, {}, { must_change_password: true })],
  [
    'select-account',
    async (page) => {
      await atConsent(page);
      await press(page, '#allow');
      await authorize(page, { prompt: 'select_account' });
    },
  ],
  ['consent', (page) => atConsent(page)],
  ['consent-long', (page) => atConsent(page, long)],
  [
    'logout',
    async (page) => {
      await atConsent(page);
      const parameters = new URLSearchParams({ client_id: app.registered.client_id });
      await page.goto(`${server.url}/oauth/logout?${parameters}`);
    },
  ],
  [
    'signed-out',
    async (page) => {
      await atConsent(page);
      await page.goto(`${server.url}/oauth/logout`);
      await press(page, '#submit');
    },
  ],
  ['error', (page) => authorize(page, { redirect_uri: 'https://evil.example/' })],
  ['error-unknown-client', (page) => authorize(page, { client_id: 'nobody' })],
  ['not-found', (page) => page.goto(`${server.url}/nothing/here`)],
  ['home', (page) => page.goto(server.url)],
  ['api-docs', (page) => page.goto(`${server.url}/api/docs`)],
];

describe('Everybody can read and use', () => {
  test.each(PAGES)('the page %s', async (name, open) => {
    const page = await visit();
    await open(page);
    await look(page, name);
  });
});

describe('A refused sign-in', () => {
  test('is said aloud, and tied to the fields it is about', async () => {
    const page = await visit();
    await authorize(page);
    await signIn(page, { ...ann, password: 'not the password' });
    expect(await page.title()).toMatch(/^Problem: /);
    const alert = await page.getAttribute('[role=alert]', 'id');
    for (const name of ['username', 'password']) {
      expect(await page.getAttribute(`[name=${name}]`, 'aria-describedby')).toBe(alert);
      expect(await page.getAttribute(`[name=${name}]`, 'aria-invalid')).toBe('true');
    }
  });
});
