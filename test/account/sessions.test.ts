import { beforeAll, describe, expect, test } from '@jest/globals';
import { openApp } from '../browser/app.ts';
import { follow, press, SCRIPTING, signIn } from '../browser/visit.ts';
import { type AdminApi, adminApi, registerUser } from '../support/clients.ts';
import { ENGINES } from '../support/database.ts';
import { observedFetch } from '../support/http.ts';
import { authenticate, callApi } from '../support/people.ts';
import { type Server, startServer } from '../support/server.ts';
import { atAccount, pathOf, personAt, recordsOf, textOf } from './support.ts';

const FIREFOX = 'Mozilla/5.0 (Windows NT 10.0; Win64; x64; rv:140.0) Gecko/20100101 Firefox/140.0';
const SAFARI =
  'Mozilla/5.0 (iPhone; CPU iPhone OS 18_5 like Mac OS X) AppleWebKit/605.1.15 (KHTML, like Gecko) Version/18.5 Mobile/15E148 Safari/604.1';

describe.each(SCRIPTING)('Signing out elsewhere, in a browser %s', (_, how) => {
  let server: Server;
  let admin: AdminApi;

  beforeAll(async () => {
    server = await startServer({ engine: 'embedded' });
    admin = await adminApi(server);
  });

  test('ends one session with the tokens that came of it, and no other', async () => {
    const ann = await registerUser(admin);
    const app = await openApp(server, admin);
    const phone = await atAccount(server, ann, '/account', { ...how, userAgent: SAFARI });
    const { url, exchange } = await app.authorize();
    await phone.goto(url);
    await press(phone, '#allow');
    const { access_token: token } = await exchange();
    const userinfo = () =>
      observedFetch(`${server.url}/oauth/userinfo`, { headers: { authorization: `Bearer ${token}` } });
    expect((await userinfo()).status).toBe(200);

    const desk = await atAccount(server, ann, '/account/sessions', { ...how, userAgent: FIREFOX });
    const rows = desk.locator('.rows > li');
    expect(await rows.locator('h2').allTextContents()).toEqual([
      expect.stringMatching(/^Firefox on Windows\s+This one$/),
      expect.stringMatching(/^Safari on iPhone\s*$/),
    ]);
    expect(await rows.nth(1).textContent()).toMatch(/From (127\.0\.0\.1|::1)\..*Signed in .* UTC, with a password/s);
    expect(await rows.nth(0).locator('button').count()).toBe(0);

    await follow(desk, () => rows.nth(1).locator('button').click());
    expect(await desk.textContent('#notice')).toBe('That device was signed out.');
    expect(await rows.count()).toBe(1);
    expect((await userinfo()).status).toBe(401);
    await phone.goto(`${server.url}/account`);
    expect(await phone.textContent('h1')).toBe('Sign in');
    await signIn(phone, ann);
    expect(await phone.textContent('h1')).toBe('Your account');
    expect(await recordsOf(admin, ann, 'session.end')).toMatchObject([{ actor: `user:${ann.id}`, outcome: 'success' }]);
  });

  test('asks before it signs out here', async () => {
    const page = await atAccount(server, await registerUser(admin), '/account', how);
    await press(page, '#sign-out');
    expect(await page.textContent('h1')).toMatch(/^Sign out of /);
    await press(page, '#submit');
    expect(await page.textContent('h1')).toBe('You are signed out');
    await page.goto(`${server.url}/account`);
    expect(await page.textContent('h1')).toBe('Sign in');
  });
});

describe.each(ENGINES)('The sessions on %s', (engine) => {
  let server: Server;
  let admin: AdminApi;

  beforeAll(async () => {
    server = await startServer({ engine });
    admin = await adminApi(server);
  });

  test('all end but this one, those of the API too', async () => {
    const ann = await registerUser(admin);
    const here = await personAt(server, ann);
    const others = [await personAt(server, ann), await personAt(server, ann)];
    const headless = await authenticate(server, ann);
    expect(textOf(await here.open('/account/sessions')).match(/Signed in \d/g)).toHaveLength(4);

    const page = await here.send('/account/sessions', 'end-others');
    expect(textOf(page)).toContain('All your other devices were signed out.');
    expect(textOf(page)).not.toContain('Sign out all other devices');
    expect(pathOf(await here.open('/account'))).toBe('/account');
    for (const other of others) expect(pathOf(await other.open('/account'))).toMatch(/^\/login\//);
    expect((await callApi(server, 'GET', '/session', { token: headless.token })).status).toBe(401);
    expect(await recordsOf(admin, ann, 'session.end')).toMatchObject([{ data: { others: 3 } }]);
  });

  test('of somebody else are neither listed nor ended', async () => {
    const ann = await registerUser(admin);
    const anns = await personAt(server, ann);
    const [session] = (await admin.get(`/users/${ann.id}/sessions`)).body.items;
    const mallory = await personAt(server, await registerUser(admin));
    const page = await mallory.open('/account/sessions');
    expect(page.html).not.toContain(session.id);
    const csrf = page.forms[0]?.fields.get('csrf') ?? '';
    for (const id of [session.id, 'nothing', '']) {
      const fields = new Map([['csrf', csrf]]);
      const form = { action: `${server.url}/account/sessions`, method: 'POST', fields, buttons: [] } as const;
      const answer = await mallory.visitor.submit(form, { session: id });
      expect((answer as { status: number }).status).toBe(404);
    }
    expect(pathOf(await anns.open('/account'))).toBe('/account');
  });

  test('say nothing of a browser that it would not have said itself', async () => {
    const ann = await registerUser(admin);
    const { visitor } = await personAt(server, ann);
    const cookie = visitor.cookies.header(`${server.url}/account`);
    const agent = `<script>alert(1)</script> ${'x'.repeat(600)}`;
    const page = await observedFetch(`${server.url}/account/sessions`, { headers: { cookie, 'user-agent': agent } });
    expect(await page.text()).not.toContain('<script>');
  });
});
