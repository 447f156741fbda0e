import { beforeAll, describe, expect, test } from '@jest/globals';
import { addPolicy, userUnder } from '../browser/policies.ts';
import { press, SCRIPTING, signIn } from '../browser/visit.ts';
import { type AdminApi, adminApi, type RegisteredUser, registerUser } from '../support/clients.ts';
import { ENGINES } from '../support/database.ts';
import { type Server, startServer } from '../support/server.ts';
import { remember } from '../support/vault.ts';
import { atAccount, pathOf, personAt, recordsOf, textOf } from './support.ts';

const NEXT = 'correct horse battery staple 7';
remember(NEXT);

describe.each(ENGINES)('The password on %s', (engine) => {
  let server: Server;
  let admin: AdminApi;

  beforeAll(async () => {
    server = await startServer({ engine });
    admin = await adminApi(server);
  });

  const typed = (current: string, next = NEXT, repeat = next) => ({ current, new_password: next, repeat });
  const canSignIn = async (who: RegisteredUser, password: string) =>
    pathOf(await (await personAt(server, { ...who, password })).open('/account')) === '/account';

  test('changes by way of the present one, and ends all other sessions', async () => {
    const ann = await registerUser(admin);
    const here = await personAt(server, ann);
    const elsewhere = await personAt(server, ann);
    const page = await here.send('/account/password', 'current', typed(ann.password));
    expect(textOf(page)).toContain('Your password was changed. Everywhere else you were signed out.');
    expect(pathOf(await here.open('/account'))).toBe('/account');
    expect(pathOf(await elsewhere.open('/account'))).toMatch(/^\/login\//);
    expect([await canSignIn(ann, ann.password), await canSignIn(ann, NEXT)]).toEqual([false, true]);
    expect(await recordsOf(admin, ann, 'password.change')).toMatchObject([
      { actor: `user:${ann.id}`, outcome: 'success', reason: null },
    ]);
  });

  test('stays when the present one was not it, and that is recorded', async () => {
    const ann = await registerUser(admin);
    const person = await personAt(server, ann);
    const page = await person.send('/account/password', 'current', typed('not the password'));
    expect(page.status).toBe(400);
    expect(textOf(page)).toContain('That is not your current password.');
    expect(page.html).not.toContain(NEXT);
    expect(await canSignIn(ann, ann.password)).toBe(true);
    expect(await recordsOf(admin, ann, 'password.change')).toMatchObject([
      { actor: `user:${ann.id}`, outcome: 'failure', reason: 'wrong_password' },
    ]);
  });

  test('is not what a stolen session may try without end', async () => {
    const ann = await userUnder(admin, { primary: { updb: { max_attempts: 3 } } });
    const person = await personAt(server, ann);
    for (let guess = 0; guess < 3; guess += 1)
      await person.send('/account/password', 'current', typed(`wrong ${guess}`));
    const page = await person.send('/account/password', 'current', typed(ann.password));
    expect(textOf(page)).toContain('too many wrong attempts');
    expect(await recordsOf(admin, ann, 'user.lock')).toHaveLength(1);
  });

  test.each([
    ['short', 'at least 12 characters'],
    ['without a digit in it', 'must have a digit'],
    ['password1234', 'is among the most common passwords'],
  ])('must keep to the rules: "%s" %s', async (next, why) => {
    const ann = await userUnder(admin, { primary: { updb: { min_password_length: 12, require_number_char: true } } });
    const person = await personAt(server, ann);
    const form = await person.open('/account/password');
    expect(textOf(form)).toContain('at least 12 characters');
    const page = await person.send('/account/password', 'current', typed(ann.password, next));
    expect(page.status).toBe(400);
    expect(textOf(page)).toContain(why);
    expect(await canSignIn(ann, ann.password)).toBe(true);
  });

  test('must be typed twice the same, and must not be the present one', async () => {
    const ann = await registerUser(admin);
    const person = await personAt(server, ann);
    const unequal = await person.send('/account/password', 'current', typed(ann.password, NEXT, `${NEXT}!`));
    expect([unequal.status, textOf(unequal)]).toEqual([400, expect.stringContaining('are not the same')]);
    const same = await person.send('/account/password', 'current', typed(ann.password, ann.password));
    expect([same.status, textOf(same)]).toEqual([400, expect.stringContaining('must not be the present one')]);
  });

  test('is out of the question where the policy allows none', async () => {
    const ann = await registerUser(admin);
    const person = await personAt(server, ann);
    const form = (await person.open('/account/password')).forms.find(({ fields }) => fields.has('current'));
    const policy = await addPolicy(admin, { primary: { updb: { allowed: false } } });
    await admin.patch(`/users/${ann.id}`, { policy_id: policy });
    const page = await person.visitor.submit(form as never, typed(ann.password));
    // The session that began with a password may itself be over by now.
    expect(textOf(page as never)).not.toContain('was changed');
    expect(await recordsOf(admin, ann, 'password.change')).toEqual([]);
  });
});

describe.each(SCRIPTING)('In a browser %s', (_, how) => {
  test('the password is changed, and what is wrong is said at its field', async () => {
    const server = await startServer({ engine: 'embedded' });
    const ann = await registerUser(await adminApi(server));
    const page = await atAccount(server, ann, '/account/password', how);
    const change = async (current: string) => {
      await page.fill('#current', current);
      await page.fill('#new_password', NEXT);
      await page.fill('#repeat', NEXT);
      await press(page, '#submit');
    };

    await change('not the password');
    expect(await page.title()).toMatch(/^Problem: /);
    expect(await page.getAttribute('#current', 'aria-invalid')).toBe('true');
    expect(await page.getAttribute('#current', 'aria-describedby')).toBe('problem');
    await change(ann.password);
    expect(await page.textContent('#notice')).toContain('Your password was changed.');

    await press(page, '#sign-out');
    await press(page, '#submit');
    await page.goto(`${server.url}/account`);
    await signIn(page, { ...ann, password: NEXT });
    expect(await page.textContent('h1')).toBe('Your account');
  });
});
