import { describe, expect, test } from '@jest/globals';
import { examples } from './examples.ts';
import { show } from './support.ts';

const [login] = examples.login;
const [consent] = examples.consent;
if (!login || !consent) throw new Error('the examples are missing');

describe('the sign-in page', () => {
  test('has the fields and buttons that scripts rely on', async () => {
    const { html } = await show('login', login);
    expect(html).toMatch(/name="username"[^>]*autocomplete="username webauthn"/);
    expect(html).toMatch(/name="password"[^>]*autocomplete="current-password"/);
    expect(html).toMatch(/<button[^>]*id="submit"/);
    expect(html).toMatch(/<button[^>]*name="action" value="cancel"/);
    expect(html).toContain('<input type="hidden" name="csrf" value="csrf-token">');
  });

  test('says one sentence for every failed proof, aloud, and keeps the typed name but never the password', async () => {
    const { html, status } = await show('login', { ...login, username: 'alice', problem: { code: 'mismatch' } }, 401);
    expect(status).toBe(401);
    expect(html).toMatch(
      /role="alert"[^>]*>That user name and password do not match\. After too many tries, sign-in pauses for a while\.</,
    );
    expect(html).toMatch(/name="username"[^>]*value="alice"/);
    expect(html).not.toMatch(/name="password"[^>]*value=/);
  });

  test('lets a known account prove itself again, and nobody else', async () => {
    const { html } = await show('login', { ...login, reauthenticate: 'alice' });
    expect(html).toContain('Confirm it is you');
    expect(html).toMatch(/name="username"[^>]*value="alice"[^>]*readonly/);
    expect(html).toMatch(/name="action" value="switch"/);
  });
});

describe('the consent page', () => {
  test('says who asks, for which account, what for, and where the answer goes', async () => {
    const { html } = await show('consent', consent);
    expect(html).toContain('Harbour Invoices');
    expect(html).toContain('alice');
    expect(html).toContain('See your email address');
    expect(html).toContain('See your payments');
    expect(html).toContain('Use the permission “pay:write”');
    expect(html).toMatch(/You will be sent to <strong[^>]*>invoices\.example</);
    expect(html).toMatch(/id="allow" name="action" value="allow"/);
    expect(html).toMatch(/id="deny" name="action" value="deny"/);
  });

  test.each([
    ['com.example.app:/cb', 'com.example.app'],
    ['http://127.0.0.1:8787/cb', '127.0.0.1:8787'],
  ])('calls %s an app on this device', async (redirectUri, place) => {
    const { html } = await show('consent', { ...consent, redirectUri });
    expect(html).toMatch(new RegExp(`an app on this device, <strong[^>]*>${place}<`));
  });
});

describe('the sign-out page', () => {
  test('without a client, "stay signed in" leaves without ending anything', async () => {
    const [withClient, alone] = await Promise.all(examples.logout.map((data) => show('logout', data)));
    expect(withClient?.html).toContain('<button type="submit" id="stay">');
    expect(alone?.html).toContain('<a class="button" id="stay" href="/">');
  });
});
