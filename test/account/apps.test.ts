import { beforeAll, describe, expect, test } from '@jest/globals';
import { type App, openApp } from '../browser/app.ts';
import { follow, press, SCRIPTING } from '../browser/visit.ts';
import { type AdminApi, adminApi, type RegisteredUser, registerApi, registerUser } from '../support/clients.ts';
import { observedFetch } from '../support/http.ts';
import { type Server, startServer } from '../support/server.ts';
import { atAccount, personAt, recordsOf, textOf } from './support.ts';

const SCOPE = 'openid profile offline_access things:read';

let server: Server;
let admin: AdminApi;

beforeAll(async () => {
  server = await startServer({ engine: 'embedded' });
  admin = await adminApi(server);
});

const userinfoStatus = async (token: string) =>
  (await observedFetch(`${server.url}/oauth/userinfo`, { headers: { authorization: `Bearer ${token}` } })).status;

/** Lets the application in, in the browser in which the person is signed in already. */
async function connect(page: Awaited<ReturnType<typeof atAccount>>, app: App, parameters: Record<string, string>) {
  const { url, exchange } = await app.authorize({ ...parameters, prompt: 'consent' });
  await page.goto(url);
  await press(page, '#allow');
  return exchange();
}

describe.each(SCRIPTING)('Connected applications, %s,', (_, how) => {
  let ann: RegisteredUser;

  test('are listed once each with what they may do, and end when they are withdrawn', async () => {
    ann = await registerUser(admin);
    const api = await registerApi(admin, { name: 'Warehouse' });
    const invoices = await openApp(server, admin, { client_name: 'Invoices', scope: SCOPE });
    const tasks = await openApp(server, admin, { client_name: 'Tasks <b>', scope: 'openid' });
    const page = await atAccount(server, ann, '/account/apps', how);
    expect(await page.textContent('main')).toContain('No application is connected');

    const first = await connect(page, invoices, { scope: 'openid profile offline_access' });
    await connect(page, invoices, { scope: 'openid things:read', resource: api.identifier });
    const kept = await connect(page, tasks, { scope: 'openid' });
    await page.goto(`${server.url}/account/apps`);
    const rows = page.locator('.rows > li');
    expect(await rows.locator('h2').allTextContents()).toEqual(['Tasks <b>', 'Invoices']);
    const words = await rows.nth(1).textContent();
    for (const scope of ['See your name and profile', 'Keep this access', 'In Warehouse', 'See your things']) {
      expect(words).toContain(scope);
    }
    expect(words).not.toContain('Change your things');

    await follow(page, () => rows.nth(1).locator('button').click());
    expect(await page.textContent('#notice')).toContain('has no access to your account any more');
    expect(await rows.locator('h2').allTextContents()).toEqual(['Tasks <b>']);
    expect(await userinfoStatus(first.access_token)).toBe(401);
    expect(await userinfoStatus(kept.access_token)).toBe(200);
    const refreshed = await observedFetch(`${server.url}/oauth/token`, {
      method: 'POST',
      body: new URLSearchParams({
        grant_type: 'refresh_token',
        refresh_token: first.refresh_token ?? '',
        client_id: invoices.registered.client_id,
        client_secret: invoices.registered.client_secret,
      }),
    });
    expect(refreshed.status).not.toBe(200);
    expect(await recordsOf(admin, ann, 'grant.end')).toMatchObject([
      { actor: `user:${ann.id}`, data: { client: invoices.registered.client_id } },
    ]);

    await page.goto((await invoices.authorize({ scope: 'openid' })).url);
    expect(await page.locator('#allow').count()).toBe(1);
  });

  test('of somebody else are not found', async () => {
    const others = (await admin.get(`/users/${ann.id}/grants`)).body.items;
    expect(others.length).toBeGreaterThan(0);
    const mallory = await personAt(server, await registerUser(admin));
    const page = await mallory.open('/account/apps');
    expect(textOf(page)).toContain('No application is connected');
    const csrf = page.forms[0]?.fields.get('csrf') ?? '';
    for (const client of [others[0].client_id, 'nobody', 'urn:mintmark:account', '']) {
      const fields = new Map([['csrf', csrf]]);
      const form = { action: `${server.url}/account/apps`, method: 'POST', fields, buttons: [] } as const;
      expect((await mallory.visitor.submit(form, { client })) as object).toMatchObject({ status: 404 });
    }
    expect((await admin.get(`/users/${ann.id}/grants`)).body.items).toHaveLength(others.length);
  });
});
