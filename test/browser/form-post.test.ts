import { beforeAll, describe, expect, test } from '@jest/globals';
import { type AdminApi, adminApi, registerUser } from '../support/clients.ts';
import { type Server, startServer } from '../support/server.ts';
import { type App, openApp } from './app.ts';
import { press, SCRIPTING, signIn, visit } from './visit.ts';

let server: Server;
let admin: AdminApi;
let app: App;

beforeAll(async () => {
  server = await startServer({ engine: 'embedded' });
  admin = await adminApi(server);
  app = await openApp(server, admin);
});

describe.each(SCRIPTING)('response_mode=form_post, %s,', (_, how) => {
  test('posts code, state and iss to the application', async () => {
    const ann = await registerUser(admin);
    const page = await visit(how);
    const { url, state, exchange } = await app.authorize({ response_mode: 'form_post' });
    await page.goto(url);
    await signIn(page, ann);
    await press(page, '#allow');
    if (!how.javaScriptEnabled) await press(page, 'noscript button');
    await page.waitForURL(app.redirectUri);

    const { method, parameters } = app.arrival();
    expect(method).toBe('POST');
    expect([...parameters.keys()].sort()).toEqual(['code', 'iss', 'state']);
    expect(parameters.get('state')).toBe(state);
    expect(parameters.get('iss')).toBe(server.issuer);
    expect((await exchange()).claims()?.sub).toBe(ann.id);
  });

  test('posts a refusal, too', async () => {
    const page = await visit(how);
    const { url, state } = await app.authorize({ response_mode: 'form_post' });
    await page.goto(url);
    await press(page, '#cancel');
    if (!how.javaScriptEnabled) await press(page, 'noscript button');
    await page.waitForURL(app.redirectUri);

    const { method, parameters } = app.arrival();
    expect(method).toBe('POST');
    expect(Object.fromEntries(parameters)).toMatchObject({ error: 'access_denied', state, iss: server.issuer });
  });
});
