import { beforeAll, describe, expect, test } from '@jest/globals';
import { type AdminApi, adminApi, registerUser } from '../support/clients.ts';
import { ENGINES } from '../support/database.ts';
import { type Server, startServer } from '../support/server.ts';
import { pathOf, personAt, recordsOf, textOf } from './support.ts';

describe.each(ENGINES)('The profile on %s', (engine) => {
  let server: Server;
  let admin: AdminApi;

  beforeAll(async () => {
    server = await startServer({ engine });
    admin = await adminApi(server);
  });

  async function signedIn() {
    const ann = await registerUser(admin);
    const present = async () => (await admin.get(`/users/${ann.id}`)).body;
    return { ann, present, person: await personAt(server, ann) };
  }

  test('takes another name, says so once, and records it', async () => {
    const { ann, present, person } = await signedIn();
    const page = await person.send('/account/profile', 'name', { name: '  Änne “<b>” 例  ' });
    expect(textOf(page)).toContain('Your name was saved.');
    expect(page.html).not.toContain('<b>');
    expect(await present()).toMatchObject({ name: 'Änne “<b>” 例', email: ann.email });
    expect(textOf(await person.open('/account/profile'))).not.toContain('saved');
    expect(await recordsOf(admin, ann, 'account.update')).toMatchObject([
      { actor: `user:${ann.id}`, outcome: 'success', data: { members: ['name'] } },
    ]);
  });

  test('can do without a name and without an email address', async () => {
    const { present, person } = await signedIn();
    await person.send('/account/profile', 'name', { name: ' ' });
    await person.send('/account/email', 'email', { email: '' });
    expect(await present()).toMatchObject({ name: null, email: null });
    expect(textOf(await person.open('/account')).match(/None given/g)).toHaveLength(2);
  });

  test('takes another email address', async () => {
    const { ann, present, person } = await signedIn();
    const page = await person.send('/account/email', 'email', { email: 'ann+new@example.org' });
    expect(pathOf(page)).toBe('/account/profile');
    expect(textOf(page)).toContain('Your email address was saved.');
    expect(await present()).toMatchObject({ name: ann.name, email: 'ann+new@example.org' });
  });

  test.each([
    ['/account/email', 'email', 'ann'],
    ['/account/email', 'email', 'ann@example.org\r\nBcc: all@example.org'],
    ['/account/profile', 'name', 'x'.repeat(300)],
  ])('at %s refuses the %s "%.20s…", shows what was typed and says why', async (path, member, value) => {
    const { ann, present, person } = await signedIn();
    const page = await person.send(path, member, { [member]: value });
    expect(page.status).toBe(400);
    expect(page.html).toMatch(/role="alert" id="problem">(The name must be |That does not look like an email address)/);
    expect(page.forms.find(({ fields }) => fields.has(member))?.fields.get(member)).toBe(value);
    expect(await present()).toMatchObject({ name: ann.name, email: ann.email });
    expect(await recordsOf(admin, ann, 'account.update')).toMatchObject([{ outcome: 'failure', reason: 'invalid' }]);
  });

  test('never changes the user name', async () => {
    const { ann, present, person } = await signedIn();
    await person.send('/account/profile', 'name', { name: 'Ann', username: 'root', policy_id: 'other' });
    expect(await present()).toMatchObject({ username: ann.username, policy_id: 'default' });
  });
});
