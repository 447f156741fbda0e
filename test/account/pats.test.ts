import { beforeAll, describe, expect, test } from '@jest/globals';
import { addPolicy } from '../browser/policies.ts';
import { follow, press, SCRIPTING } from '../browser/visit.ts';
import {
  type AdminApi,
  adminApi,
  type RegisteredApi,
  type RegisteredUser,
  registerApi,
  registerUser,
} from '../support/clients.ts';
import { ENGINES } from '../support/database.ts';
import { eventually } from '../support/eventually.ts';
import { observedFetch } from '../support/http.ts';
import { type Server, startServer } from '../support/server.ts';
import { remember } from '../support/vault.ts';
import type { Page } from '../support/visitor.ts';
import { age, atAccount, type Person, pathOf, personAt, recordsOf, textOf } from './support.ts';

const VALUE = /^mmp_[A-Za-z0-9_-]{43}[0-9A-Za-z]{6}$/;
const LIST = '/account/tokens';
const NEW = '/account/tokens/new';

const pathFor = (audience: string) => `${NEW}?${new URLSearchParams({ audience })}`;

/** The value that a page shows, which is the first and only one to do so. */
function shownIn({ html }: Pick<Page, 'html'>): string {
  const value = /<textarea id="token"[^>]*>([^<]+)</.exec(html)?.[1] ?? '';
  remember(value);
  return value;
}

/** Fills in the form and sends it. */
function ask(person: Person, api: RegisteredApi, fields: Record<string, string> = {}): Promise<Page> {
  return person.send(pathFor(api.identifier), 'days', { name: 'Backups', scope: 'things:read', ...fields });
}

/** The ids of those that can be revoked, newest first. */
async function idsOf(person: Person): Promise<string[]> {
  const { forms } = await person.open(LIST);
  return forms.flatMap(({ buttons }) => buttons).flatMap(({ name, value }) => (name === 'token' ? [value] : []));
}

async function isGood(server: Server, token: string): Promise<boolean> {
  const headers = { authorization: `Bearer ${token}` };
  return (await observedFetch(`${server.url}/api/v1/me`, { headers })).status === 200;
}

describe.each(SCRIPTING)('A personal access token, in a browser %s,', (_, how) => {
  let server: Server;
  let admin: AdminApi;

  beforeAll(async () => {
    server = await startServer({ engine: 'embedded' });
    admin = await adminApi(server);
    await registerApi(admin, { name: 'Warehouse' });
  });

  test('is made for one API, shown once, seen in the list and revoked', async () => {
    const ann = await registerUser(admin);
    const page = await atAccount(server, ann, LIST, how);
    expect(await page.textContent('main')).toContain('You have no token that works.');

    await press(page, '#new');
    await page.selectOption('#audience', { label: 'Warehouse' });
    await press(page, '#submit');
    expect(await page.textContent('.lead')).toContain('For Warehouse.');
    expect(await page.locator('.choice label').allTextContents()).toEqual(
      expect.arrayContaining(['See your things', 'Change your things']),
    );
    expect(await page.inputValue('#days')).toBe('30');
    await page.fill('#name', 'Backups <b>');
    await page.check('#scope-0');
    await page.check('#scope-1');
    await page.fill('#days', '14');
    await press(page, '#submit');
    expect(page.url()).toBe(server.url + NEW);
    expect(await page.textContent('[role=status]')).toBe('It is shown this one time, and never again.');
    const token = await page.inputValue('#token');
    remember(token);
    expect(token).toMatch(VALUE);

    await press(page, '#saved');
    const rows = page.locator('#living > li');
    expect(await rows.locator('h2').allTextContents()).toEqual(['Backups <b>']);
    const words = await rows.nth(0).textContent();
    for (const part of ['For Warehouse', 'See your things', 'Change your things', 'Made', 'Expires', 'Not yet']) {
      expect(words).toContain(part);
    }
    for (const path of [LIST, '/account', NEW]) {
      await page.goto(server.url + path);
      expect(await page.content()).not.toContain(token);
    }
    await page.goto(`${server.url}/account`);
    expect(await page.textContent('main')).toContain('One in use');

    await page.goto(server.url + LIST);
    await follow(page, () => rows.nth(0).locator('button').click());
    expect(await page.textContent('#notice')).toContain('That token was revoked.');
    expect(await rows.count()).toBe(0);
    expect(await page.textContent('[aria-labelledby=ended]')).toMatch(/Backups <b>\s+Revoked\. For Warehouse/);
    expect(await recordsOf(admin, ann, 'pat.revoke')).toMatchObject([{ actor: `user:${ann.id}`, outcome: 'success' }]);
    expect(JSON.stringify(await recordsOf(admin, ann, 'pat.create'))).not.toContain(token);
  });

  test('is replaced by another with the same rights, also shown once', async () => {
    const ann = await registerUser(admin);
    const page = await atAccount(server, ann, LIST, how);
    await press(page, '#new');
    await page.selectOption('#audience', { label: 'Mintmark API' });
    await press(page, '#submit');
    await page.fill('#name', 'Backups');
    await page.check('input[value="account:read"]');
    await press(page, '#submit');
    const old = await page.inputValue('#token');
    remember(old);
    expect(await isGood(server, old)).toBe(true);

    await press(page, '#saved');
    await press(page, '#living a');
    expect(await page.textContent('.lead')).toMatch(/takes the place of Backups\. It may do the same, for 30 days/);
    expect(await page.isChecked('#hour')).toBe(true);
    await press(page, '#submit');
    const successor = await page.inputValue('#token');
    remember(successor);
    expect(successor).toMatch(VALUE);
    expect(successor).not.toBe(old);
    expect(await page.textContent('#old')).toContain('Works until');
    expect([await isGood(server, old), await isGood(server, successor)]).toEqual([true, true]);
    const used = /Last used\s*\d.* UTC\s*, from (127\.0\.0\.1|::1)/g;
    await eventually(async () => {
      await page.goto(server.url + LIST);
      return (await page.textContent('#living'))?.match(used)?.length === 2;
    });
    expect(await page.locator('#living h2').allTextContents()).toEqual([
      'Backups',
      expect.stringMatching(/^Backups\s+Replaced, still works$/),
    ]);
    expect(await page.content()).not.toContain(successor);
    expect(await recordsOf(admin, ann, 'pat.rotate')).toMatchObject([{ outcome: 'success', data: { overlap: 3600 } }]);

    await press(page, '#revoke-all');
    expect(await page.textContent('#notice')).toContain('All your tokens were revoked.');
    expect([await isGood(server, old), await isGood(server, successor)]).toEqual([false, false]);
    expect(await recordsOf(admin, ann, 'pat.revoke_all')).toMatchObject([{ outcome: 'success', data: { revoked: 2 } }]);
  });
});

describe.each(ENGINES)('Personal access tokens on %s', (engine) => {
  let server: Server;
  let admin: AdminApi;
  let api: RegisteredApi;

  beforeAll(async () => {
    server = await startServer({ engine });
    admin = await adminApi(server);
    api = await registerApi(admin);
  });

  async function somebody(overrides = {}): Promise<{ ann: RegisteredUser; person: Person }> {
    const ann = await registerUser(admin, overrides);
    return { ann, person: await personAt(server, ann) };
  }

  test.each([
    [{ scope: '' }, 'Please tick what it may do'],
    [{ scope: 'other:read' }, 'Please tick what it may do'],
    [{ scope: 'account:read' }, 'Please tick what it may do'],
    [{ name: '  ' }, 'The name must be 1 to 100 visible characters.'],
    [{ name: 'x'.repeat(101) }, 'The name must be 1 to 100 visible characters.'],
    [{ name: 'two\nlines' }, 'The name must be 1 to 100 visible characters.'],
    [{ days: '0' }, 'The number of days must be a whole number, 1 to 90.'],
    [{ days: '91' }, 'The number of days must be a whole number, 1 to 90.'],
    [{ days: '-1' }, 'The number of days must be a whole number, 1 to 90.'],
    [{ days: '1.5' }, 'The number of days must be a whole number, 1 to 90.'],
    [{ days: '1e1' }, 'The number of days must be a whole number, 1 to 90.'],
    [{ days: '' }, 'The number of days must be a whole number, 1 to 90.'],
  ])('are not made of %j, and the form comes back as it was', async (wrong, words) => {
    const { ann, person } = await somebody();
    const page = await ask(person, api, wrong);
    expect([page.status, pathOf(page)]).toEqual([400, NEW]);
    expect(textOf(page)).toContain(words);
    const form = page.forms.find(({ fields }) => fields.has('days'));
    const typed = { name: 'Backups', days: '30', ...wrong };
    expect(form?.fields.get('name')).toBe(typed.name.trim());
    expect(form?.fields.get('days')).toBe(typed.days);
    expect(page.html).not.toContain('id="token"');
    expect(await idsOf(person)).toEqual([]);
    expect(await recordsOf(admin, ann, 'pat.create')).toMatchObject([{ outcome: 'failure', reason: 'invalid' }]);
  });

  test('of this server itself open no more than the own account', async () => {
    const { person } = await somebody();
    const page = await person.open(pathFor('urn:mintmark:api'));
    expect(page.html.match(/name="scope" type="checkbox" value="[^"]+"/g)).toHaveLength(2);
    const refused = await person.send(pathFor('urn:mintmark:api'), 'days', { name: 'Root', scope: 'admin' });
    expect(refused.status).toBe(400);
    expect(await idsOf(person)).toEqual([]);
  });

  test('are for an API that there is', async () => {
    const { person } = await somebody();
    const choose = await person.open(pathFor('https://nowhere.example'));
    expect([choose.status, textOf(choose).includes('There is no such API any more.')]).toEqual([400, true]);
    const page = await ask(person, api, { audience: 'https://nowhere.example' });
    expect([page.status, textOf(page).includes('There is no such API any more.')]).toEqual([400, true]);
    expect(await idsOf(person)).toEqual([]);
  });

  test('may be JWTs', async () => {
    const { ann, person } = await somebody();
    const token = shownIn(await ask(person, api, { format: 'jwt', days: '1' }));
    const [header, claims] = token.split('.').map((part) => Buffer.from(part, 'base64url').toString());
    expect(JSON.parse(header ?? '')).toMatchObject({ typ: 'pat+jwt' });
    expect(JSON.parse(claims ?? '')).toMatchObject({ sub: ann.id, aud: api.identifier, scope: 'things:read' });
  });

  test('are replaced once, and not when they have ended', async () => {
    const { ann, person } = await somebody();
    shownIn(await ask(person, api));
    const [id] = await idsOf(person);
    const rotate = `${LIST}/${id}/rotate`;
    const form = (await person.open(rotate)).forms.find(({ fields }) => fields.has('overlap'));
    const unknown = (await person.visitor.submit(form as never, { overlap: '999999' })) as Page;
    expect([unknown.status, textOf(unknown).includes('Please choose how long')]).toEqual([400, true]);

    const made = (await person.visitor.submit(form as never, { overlap: '0' })) as Page;
    expect(shownIn(made)).toMatch(VALUE);
    expect(textOf(made)).toContain('The old one Has ended');
    const again = (await person.visitor.submit(form as never, { overlap: '0' })) as Page;
    expect([again.status, textOf(again).includes('cannot be replaced: it was replaced already.')]).toEqual([400, true]);
    expect(again.html).not.toContain('id="token"');
    expect(textOf(await person.open(rotate))).toContain('cannot be replaced: it was replaced already.');
    const [successor] = await idsOf(person);
    expect(textOf(await person.open(LIST))).toContain('No longer working Backups Replaced.');
    await person.send(LIST, successor ?? '');
    expect(textOf(await person.open(`${LIST}/${successor}/rotate`))).toContain('cannot be replaced: it was revoked.');
    expect(await recordsOf(admin, ann, 'pat.rotate')).toMatchObject([
      { outcome: 'failure', reason: 'conflict' },
      { outcome: 'success', data: { overlap: 0, pat_id: id, successor: { pat_id: successor } } },
    ]);
  });

  test('are revoked as well the second time, from a page that was open meanwhile', async () => {
    const { ann, person } = await somebody();
    shownIn(await ask(person, api));
    const [id = ''] = await idsOf(person);
    const page = await person.open(LIST);
    const form = page.forms.find(({ buttons }) => buttons.some(({ value }) => value === id));
    for (const _ of 'ab') {
      const answer = await person.visitor.submit(form as never, {}, form?.buttons[0]);
      expect(textOf(answer as Page)).toContain('That token was revoked.');
    }
    expect(await recordsOf(admin, ann, 'pat.revoke')).toMatchObject([{ data: { pat_id: id } }]);
  });

  test('of somebody else are neither listed, nor replaced, nor revoked', async () => {
    const { person } = await somebody();
    shownIn(await ask(person, api));
    const [id = ''] = await idsOf(person);
    const { person: mallory } = await somebody();
    shownIn(await ask(mallory, api, { name: 'Mine' }));
    const page = await mallory.open(LIST);
    expect(page.html).not.toContain(id);
    const csrf = page.forms[0]?.fields.get('csrf') ?? '';
    for (const other of [id, id.toUpperCase(), 'nothing', '0'.repeat(64)]) {
      expect((await mallory.open(`${LIST}/${other}/rotate`)).status).toBe(404);
      for (const [path, sent] of [
        [LIST, { token: other }],
        [`${LIST}/${other}/rotate`, { overlap: '0' }],
      ] as const) {
        const fields = new Map([['csrf', csrf]]);
        const form = { action: server.url + path, method: 'POST', fields, buttons: [] } as const;
        expect((await mallory.visitor.submit(form, sent)) as object).toMatchObject({ status: 404 });
      }
    }
    expect((await mallory.send(LIST, 'revoke-all')).status).toBe(200);
    expect(await idsOf(person)).toEqual([id]);
  });

  test('are for fewer days, or not to be had, as the policy says', async () => {
    const week = await addPolicy(admin, { pats: { allowed: true, max_days: 7 } });
    const { ann, person } = await somebody({ policy_id: week });
    const page = await ask(person, api, { days: '8' });
    expect(textOf(page)).toContain('must be a whole number, 1 to 7.');
    expect(textOf(page)).toContain('From 1 to 7.');
    shownIn(await ask(person, api, { days: '7' }));
    const [id] = await idsOf(person);
    const open = await person.open(pathFor(api.identifier));

    await admin.patch(`/users/${ann.id}`, { policy_id: await addPolicy(admin, { pats: { allowed: false } }) });
    const list = await person.open(LIST);
    expect(textOf(list)).toContain('Your account may not have any.');
    expect(list.html).not.toMatch(/id="new"|Backups/);
    for (const path of [NEW, `${LIST}/${id}/rotate`]) expect(pathOf(await person.open(path))).toBe(LIST);
    const form = open.forms.find(({ fields }) => fields.has('days'));
    const late = await person.visitor.submit(form as never, { name: 'Late', scope: 'things:read' });
    expect(pathOf(late as Page)).toBe(LIST);
    expect(textOf(await person.open('/account'))).toContain('There are none to be had here');
  });
});

test('Where they are switched off, the page says so and offers nothing', async () => {
  const server = await startServer({ engine: 'embedded', env: { MINTMARK_PATS: 'off' } });
  const person = await personAt(server, await registerUser(await adminApi(server)));
  const page = await person.open(LIST);
  expect(textOf(page)).toContain('This server does not hand out any.');
  expect(page.html).not.toMatch(/id="new"|id="revoke-all"/);
  expect(pathOf(await person.open(NEW))).toBe(LIST);
});

(ENGINES.includes('postgres') ? describe : describe.skip)('With a proof of more than five minutes ago', () => {
  test('one token can be revoked, and none replaced or made', async () => {
    const server = await startServer({ engine: 'postgres' });
    const admin = await adminApi(server);
    const api = await registerApi(admin);
    const ann = await registerUser(admin);
    const person = await personAt(server, ann);
    shownIn(await ask(person, api));
    const [id] = await idsOf(person);
    const forms = [
      (await person.open(pathFor(api.identifier))).forms.find(({ fields }) => fields.has('days')),
      (await person.open(`${LIST}/${id}/rotate`)).forms.find(({ fields }) => fields.has('overlap')),
    ];
    await age(server, ann, 301);
    for (const form of forms) {
      const answer = await person.visitor.submit(form as never, { name: 'Late', scope: 'things:read' });
      expect(pathOf(answer as Page)).toMatch(/^\/login\//);
    }
    expect(await idsOf(person)).toEqual([id]);
    expect(textOf(await person.send(LIST, id ?? ''))).toContain('That token was revoked.');
    expect(await idsOf(person)).toEqual([]);
  });
});
