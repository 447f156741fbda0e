import { beforeAll, describe, expect, test } from '@jest/globals';
import type { Page } from 'playwright-core';
import { type AdminApi, adminApi, type RegisteredUser } from '../support/clients.ts';
import { startServer } from '../support/server.ts';
import { type App, openApp } from './app.ts';
import { userUnder } from './policies.ts';
import { press, signIn, visit } from './visit.ts';

const THREE_GUESSES = { primary: { updb: { max_attempts: 3, lockout_duration: 600 } } };

let admin: AdminApi;
let app: App;

beforeAll(async () => {
  const server = await startServer({ engine: 'embedded' });
  admin = await adminApi(server);
  app = await openApp(server, admin);
});

async function atSignIn(page: Page) {
  await page.goto((await app.authorize({ prompt: 'consent' })).url);
}

async function guessUntilLocked(ann: RegisteredUser): Promise<Page> {
  const stranger = await visit();
  await atSignIn(stranger);
  for (let guess = 0; guess < 3; guess += 1) await signIn(stranger, { ...ann, password: `guess ${guess}` });
  return stranger;
}

describe('A browser that somebody signed in with', () => {
  test('still gets them in while what strangers guessed keeps strangers out', async () => {
    const ann = await userUnder(admin, THREE_GUESSES);
    const own = await visit();
    await atSignIn(own);
    await signIn(own, ann);
    await press(own, '#allow');
    const cookie = (await own.context().cookies()).find(({ name }) => name === 'mintmark_device');
    expect(cookie).toMatchObject({ httpOnly: true, sameSite: 'Lax', path: '/' });

    const stranger = await guessUntilLocked(ann);
    const wrong = await stranger.textContent('[role=alert]');
    // Strangers are not told apart from people who mistype, and the right password does not get them in.
    expect((await signIn(stranger, ann)).status()).toBe(400);
    expect(await stranger.textContent('[role=alert]')).toBe(wrong);

    await own.context().clearCookies({ name: /^mintmark_session/ });
    await atSignIn(own);
    await signIn(own, ann);
    await own.waitForSelector('#allow');
  });

  test('is known only after the last answer: a stolen password alone does not make one', async () => {
    const ann = await userUnder(admin, { ...THREE_GUESSES, secondary: { require_totp: true } });
    const thief = await visit();
    await atSignIn(thief);
    await signIn(thief, ann);
    expect(await thief.textContent('h1')).toBe('Set up an authenticator app');
    expect((await thief.context().cookies()).map(({ name }) => name)).not.toContain('mintmark_device');
  });
});
