import { beforeAll, describe, expect, test } from '@jest/globals';
import { type AdminApi, adminApi, type RegisteredUser, registerUser } from '../support/clients.ts';
import { ENGINES } from '../support/database.ts';
import { observedFetch } from '../support/http.ts';
import { type Server, startServer } from '../support/server.ts';
import { age, type Person, pathOf, personAt, stranger, textOf } from './support.ts';

const PAGES = [
  '/account',
  '/account/profile',
  '/account/email',
  '/account/password',
  '/account/totp',
  '/account/recovery-codes',
  '/account/passkeys',
  '/account/passkeys/add',
  '/account/sessions',
  '/account/apps',
  '/account/tokens',
  '/account/tokens/new',
];
const STALE_SECONDS = 301;

describe.each(ENGINES)('The account pages on %s', (engine) => {
  let server: Server;
  let admin: AdminApi;
  let ann: RegisteredUser;

  beforeAll(async () => {
    server = await startServer({ engine });
    admin = await adminApi(server);
    ann = await registerUser(admin);
  });

  test.each(PAGES)('%s is shown after a sign-in, and then without another', async (path) => {
    const person = await personAt(server, ann, path);
    const page = await person.open(path);
    expect([page.status, pathOf(page)]).toEqual([200, path]);
    expect(textOf(page)).toContain(ann.username);
    expect(page.headers.get('cache-control')).toBe('no-store');
  });

  test('who does not want to sign in is told so, with a way on', async () => {
    const person = stranger(server);
    await person.open('/account');
    const page = await person.send('/account/profile', 'cancel');
    expect(textOf(page)).toContain('You are not signed in');
    expect(page.html).toContain('href="/account"');
  });

  test('an address that is none of them is not found', async () => {
    const person = await personAt(server, ann);
    for (const path of ['/account/nothing', '/account/passkeys/add/remove/x', '/account/sign-out']) {
      expect((await person.open(path)).status).toBe(404);
    }
  });

  test.each([
    ['/account/apps', '/account/apps'],
    ['/account/passkeys/abc_-1/remove', '/account/passkeys/abc_-1/remove'],
    ['https://evil.example/', '/account'],
    ['//evil.example', '/account'],
    ['/account//evil.example', '/account'],
    ['/account/..//evil.example', '/account'],
    ['/account/%2e%2e/oauth/logout', '/account'],
    ['/accounts', '/account'],
    ['/oauth/logout', '/account'],
    ['', '/account'],
  ])('coming back with the state "%s" leads to %s', async (state, expected) => {
    const { visitor } = await personAt(server, ann);
    const url = `${server.url}/account/signed-in?${new URLSearchParams({ state })}`;
    const cookie = visitor.cookies.header(url);
    const response = await observedFetch(url, { headers: { cookie }, redirect: 'manual' });
    expect([response.status, response.headers.get('location')]).toEqual([303, expected]);
  });

  test('only words of ours become a notice', async () => {
    const person = await personAt(server, ann);
    expect((await person.open('/account?done=name-saved')).html).toContain('id="notice"');
    for (const done of ['', 'toString', '__proto__', '%3Cb%3Eboo', 'name-saved&done=name-saved']) {
      expect((await person.open(`/account?done=${done}`)).html).not.toContain('id="notice"');
    }
  });

  describe('a form', () => {
    let person: Person;
    let fields: URLSearchParams;

    beforeAll(async () => {
      person = await personAt(server, ann);
      const page = await person.open('/account/profile');
      const form = page.forms.find((one) => one.fields.has('name'));
      fields = new URLSearchParams([...(form?.fields ?? [])]);
      fields.set('name', 'Mallory');
    });

    async function post(headers: Record<string, string>, body: URLSearchParams) {
      const url = `${server.url}/account/profile`;
      const cookie = person.visitor.cookies.header(url);
      const sent = { 'content-type': 'application/x-www-form-urlencoded', accept: 'text/html', cookie, ...headers };
      return observedFetch(url, { method: 'POST', headers: sent, body, redirect: 'manual' });
    }

    async function expectRefused(response: Response) {
      expect(response.status).toBe(403);
      expect(await response.text()).toContain('This form could not be accepted');
      expect((await admin.get(`/users/${ann.id}`)).body.name).toBe(ann.name);
    }

    test.each([
      ['origin', 'https://evil.example'],
      ['origin', 'null'],
      ['sec-fetch-site', 'cross-site'],
      ['sec-fetch-site', 'same-site'],
    ])('with %s: %s is refused', async (name, value) => {
      await expectRefused(await post({ [name]: value }, fields));
    });

    test('without its token, with a wrong one and with two is refused', async () => {
      const token = fields.get('csrf') ?? '';
      for (const tokens of [[], [''], ['AAAA'], [token, token]]) {
        const body = new URLSearchParams({ name: 'Mallory' });
        for (const value of tokens) body.append('csrf', value);
        await expectRefused(await post({ origin: server.issuer }, body));
      }
    });

    test('with the token of another sign-in is refused, also of the same person', async () => {
      const other = await personAt(server, ann);
      const form = (await other.open('/account/profile')).forms.find((one) => one.fields.has('name'));
      const body = new URLSearchParams({ name: 'Mallory', csrf: form?.fields.get('csrf') ?? '' });
      await expectRefused(await post({ origin: server.issuer }, body));
    });

    test('of somebody who is not signed in any more leads to the sign-in', async () => {
      const response = await post({ origin: server.issuer, cookie: '' }, fields);
      expect(response.status).toBe(303);
      const target = new URL(response.headers.get('location') ?? '');
      expect([target.pathname, target.searchParams.get('state')]).toEqual(['/oauth/authorize', '/account/profile']);
      expect((await admin.get(`/users/${ann.id}`)).body.name).toBe(ann.name);
    });
  });
});

(ENGINES.includes('postgres') ? describe : describe.skip)('A proof of more than five minutes ago', () => {
  let server: Server;
  let admin: AdminApi;

  beforeAll(async () => {
    server = await startServer({ engine: 'postgres' });
    admin = await adminApi(server);
  });

  async function longSignedIn(overrides = {}) {
    const ann = await registerUser(admin, overrides);
    const person = await personAt(server, ann);
    await age(server, ann, STALE_SECONDS);
    return { ann, person };
  }

  test.each([
    '/account/email',
    '/account/totp',
    '/account/recovery-codes',
    '/account/passkeys/add',
    '/account/tokens/new',
  ])('is not enough for %s: it is asked for again, and then the page is there', async (path) => {
    const { ann, person } = await longSignedIn();
    const login = await person.open(path);
    expect(pathOf(login)).toMatch(/^\/login\//);
    expect(textOf(login)).toContain('Confirm it is you');
    const page = await person.visitor.submit(login.forms[0] as never, { password: ann.password });
    expect(pathOf(page as never)).toBe(path);
  });

  test.each([
    '/account',
    '/account/profile',
    '/account/password',
    '/account/passkeys',
    '/account/sessions',
    '/account/apps',
    '/account/tokens',
  ])('is enough for %s', async (path) => {
    const { person } = await longSignedIn();
    expect(pathOf(await person.open(path))).toBe(path);
  });

  test('that grew old while the form was open is asked for again, and nothing changes before', async () => {
    const ann = await registerUser(admin);
    const person = await personAt(server, ann);
    const page = await person.open('/account/email');
    await age(server, ann, STALE_SECONDS);
    const form = page.forms.find(({ fields }) => fields.has('email'));
    const login = await person.visitor.submit(form as never, { email: 'late@example.com' });
    expect(pathOf(login as never)).toMatch(/^\/login\//);
    expect((await admin.get(`/users/${ann.id}`)).body.email).toBe(ann.email);
  });

  test('who does not want to prove it again is still signed in', async () => {
    const { person } = await longSignedIn();
    expect(pathOf(await person.send('/account/email', 'cancel'))).toBe('/account');
  });
});
