import { beforeAll, describe, expect, test } from '@jest/globals';
import { press, SCRIPTING, signIn, visit } from '../browser/visit.ts';
import { type AdminApi, adminApi, type RegisteredUser, registerUser } from '../support/clients.ts';
import { ENGINES } from '../support/database.ts';
import { observedFetch } from '../support/http.ts';
import { type Mailbox, openMailbox } from '../support/mailbox.ts';
import { enrollTotp } from '../support/people.ts';
import { type Server, startServer } from '../support/server.ts';
import { remember } from '../support/vault.ts';
import { pathOf, personAt, recordsOf, stranger, textOf } from './support.ts';

const NEXT = 'correct horse battery staple 7';
remember(NEXT);
const next = { new_password: NEXT, repeat: NEXT };

describe.each(ENGINES)('A link to a new password on %s', (engine) => {
  let server: Server;
  let admin: AdminApi;
  let mailbox: Mailbox;

  beforeAll(async () => {
    mailbox = await openMailbox();
    server = await startServer({ engine, env: mailbox.settings });
    admin = await adminApi(server);
  });

  const ask = (username: string) => stranger(server).send('/account/reset', 'username', { username });

  async function linkFor(ann: RegisteredUser): Promise<string> {
    await ask(ann.username);
    const { text } = await mailbox.next(String(ann.email));
    const link = /http\S+\/account\/reset\/\S+/.exec(text)?.[0] ?? '';
    remember(link.split('/').at(-1) ?? '');
    return new URL(link).pathname;
  }

  test('comes by mail, sets a password once, and ends all sessions', async () => {
    const ann = await registerUser(admin);
    const before = await personAt(server, ann);
    const path = await linkFor(ann);
    const person = stranger(server);
    expect(textOf(await person.open(path))).toContain('Choose a new password');
    const done = await person.send(path, 'new_password', next);
    expect(textOf(done)).toContain('Your password was changed');
    expect(pathOf(done)).toBe('/account/reset/done');

    expect(pathOf(await before.open('/account'))).toMatch(/^\/login\//);
    expect(pathOf(await (await personAt(server, ann)).open('/account'))).toMatch(/^\/login\//);
    expect(pathOf(await (await personAt(server, { ...ann, password: NEXT })).open('/account'))).toBe('/account');
    const again = await person.open(path);
    expect([again.status, textOf(again)]).toEqual([404, expect.stringContaining('does not work any more')]);
    expect(again.html).toContain('href="/account/reset"');
    expect(await recordsOf(admin, ann, 'password.reset')).toMatchObject([{ actor: 'anybody', outcome: 'success' }]);
  });

  test('is not used up by looking at it, nor by a password that breaks the rules', async () => {
    const ann = await registerUser(admin);
    const path = await linkFor(ann);
    const person = stranger(server);
    await observedFetch(server.url + path, { method: 'HEAD' });
    await person.open(path);
    for (const [password, repeat, why] of [
      ['short', 'short', 'must have at least 8 characters'],
      [ann.username, ann.username, 'must not be the user name'],
      [NEXT, `${NEXT}!`, 'are not the same'],
    ] as const) {
      const page = await person.send(path, 'new_password', { new_password: password, repeat });
      expect([page.status, textOf(page)]).toEqual([400, expect.stringContaining(why)]);
    }
    expect(pathOf(await person.send(path, 'new_password', next))).toBe('/account/reset/done');
  });

  test('works for one of two who use it at once', async () => {
    const ann = await registerUser(admin);
    const path = await linkFor(ann);
    const answers = await Promise.all([1, 2].map(() => stranger(server).send(path, 'new_password', next)));
    expect(answers.map(({ status }) => status).sort()).toEqual([200, 404]);
  });

  test('does not stand in for a second factor', async () => {
    const ann = await registerUser(admin);
    await enrollTotp(server, ann);
    await stranger(server).send(await linkFor(ann), 'new_password', next);
    const { arrived } = await personAt(server, { ...ann, password: NEXT });
    expect(textOf(arrived)).toContain('Confirm it is you');
  });

  test('is asked for in the same words whoever it is, and sent to those who exist', async () => {
    const ann = await registerUser(admin);
    const disabled = await registerUser(admin, { disabled: true });
    const answers: string[] = [];
    for (const name of [ann.username, disabled.username, 'nobody at all', '', '\u{1f600}'.repeat(100)]) {
      answers.push(textOf(await ask(name)));
    }
    expect(new Set(answers).size).toBe(1);
    expect(answers[0]).toContain('Look into your mailbox');
    await mailbox.next(String(ann.email));
    expect(mailbox.received()).not.toContainEqual(expect.objectContaining({ to: disabled.email }));
  });

  test('is not written into the log', async () => {
    const path = await linkFor(await registerUser(admin));
    await stranger(server).open(path);
    expect(server.output()).toContain('/account/reset/:token');
    expect(server.output()).not.toContain(path);
  });

  test('is not asked for by a form of another site', async () => {
    const response = await observedFetch(`${server.url}/account/reset`, {
      method: 'POST',
      headers: { origin: 'https://evil.example', accept: 'text/html' },
      body: new URLSearchParams({ username: 'ann' }),
    });
    expect(response.status).toBe(403);
  });

  test('made by an administrator works without mail, and asking for one is no page then', async () => {
    const bare = await startServer({ engine });
    const api = await adminApi(bare);
    const ann = await registerUser(api, { email: undefined });
    const { link } = (await api.post(`/users/${ann.id}/password-reset`)).body;
    const path = new URL(link).pathname;
    remember(path.split('/').at(-1) ?? '');
    expect(pathOf(await stranger(bare).send(path, 'new_password', next))).toBe('/account/reset/done');
    expect(textOf(await stranger(bare).open(path))).toContain('ask whoever runs this server');
    expect((await stranger(bare).open('/account/reset')).status).toBe(404);
    const posted = await observedFetch(`${bare.url}/account/reset`, {
      method: 'POST',
      headers: { accept: 'text/html' },
      body: new URLSearchParams({ username: ann.username }),
    });
    expect(posted.status).toBe(404);
  });
});

describe.each(SCRIPTING)('In a browser %s', (_, how) => {
  test('a forgotten password is replaced, from the sign-in page on', async () => {
    const mailbox = await openMailbox();
    const server = await startServer({ engine: 'embedded', env: mailbox.settings });
    const ann = await registerUser(await adminApi(server));
    const page = await visit(how);
    await page.goto(`${server.url}/account`);
    await press(page, '#forgotten');
    await page.fill('#username', ann.username);
    await press(page, '#submit');
    expect(await page.textContent('h1')).toBe('Look into your mailbox');

    const { text } = await mailbox.next(String(ann.email));
    const link = /http\S+/.exec(text)?.[0] ?? '';
    remember(link.split('/').at(-1) ?? '');
    await page.goto(link);
    await page.fill('#new_password', NEXT);
    await page.fill('#repeat', NEXT);
    await press(page, '#submit');
    await press(page, '#sign-in');
    await signIn(page, { ...ann, password: NEXT });
    expect(await page.textContent('h1')).toBe('Your account');
  });
});
