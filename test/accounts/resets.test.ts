import { beforeAll, describe, expect, test } from '@jest/globals';
import { makePolicy } from '../policies/policy.ts';
import { type RegisteredUser, registerUser } from '../support/clients.ts';
import { ENGINES } from '../support/database.ts';
import { eventually } from '../support/eventually.ts';
import { linkIn, type Mailbox, openMailbox } from '../support/mailbox.ts';
import { startServer } from '../support/server.ts';
import { remember } from '../support/vault.ts';
import { createVisitor, type Page } from '../support/visitor.ts';
import { newName, newPassword, openPlace, type Place } from './support.ts';

async function open(url: string): Promise<Page> {
  const page = await createVisitor(() => false).open(url);
  if (page instanceof URL) throw new Error(`left to ${page}`);
  return page;
}

/** @returns the status of the page that comes after the form has been sent */
async function redeem(link: string, password: string): Promise<number> {
  remember(password);
  const visitor = createVisitor(() => false);
  const page = await visitor.open(link);
  if (page instanceof URL) throw new Error(`left to ${page}`);
  const form = page.forms.find(({ fields }) => fields.has('new_password'));
  if (!form) return page.status;
  const next = await visitor.submit(form, { new_password: password, repeat: password });
  return next instanceof URL ? 0 : next.status;
}

describe.each(ENGINES)('a lost password on %s', (engine) => {
  let mailbox: Mailbox;
  let place: Place;
  beforeAll(async () => {
    mailbox = await openMailbox();
    const env = mailbox.settings;
    place = await openPlace(await startServer({ engine, env }));
  });

  async function linkFor({ id }: RegisteredUser, body = {}): Promise<string> {
    const made = await place.api.post(`/users/${id}/password-reset`, body);
    expect(made.status).toBe(201);
    remember(made.body.link.split('/').at(-1));
    return made.body.link;
  }

  async function askFor(username: string): Promise<void> {
    const visitor = createVisitor(() => false);
    const page = await visitor.open(`${place.server.url}/account/reset`);
    if (page instanceof URL) throw new Error(`left to ${page}`);
    const form = page.forms.find(({ fields }) => fields.has('username'));
    if (!form) throw new Error('no form to ask for a link');
    const next = await visitor.submit(form, { username });
    expect(next).toMatchObject({ status: 200 });
  }

  const mailsTo = (user: RegisteredUser) => mailbox.received().filter(({ to }) => to === user.email);
  async function mailedLink(user: RegisteredUser): Promise<string> {
    await eventually(() => mailsTo(user).length > 0);
    return linkIn(mailsTo(user).at(-1)?.text ?? '') ?? '';
  }

  test('is replaced by way of a mail: a short text with a link that works once', async () => {
    const user = await registerUser(place.api);
    await askFor(user.username.toUpperCase());
    const link = await mailedLink(user);
    const { text: mail = '' } = mailsTo(user)[0] ?? {};
    expect(mail).toContain('From: Mintmark <id@example.com>');
    expect(mail).toMatch(/^Content-Type: text\/plain/m);
    expect(mail).toContain('within 30 minutes');
    expect(new URL(link).origin).toBe(place.server.issuer);
    const next = newPassword();
    expect(await redeem(link, next)).toBe(200);
    expect(await place.signIn(user.username, user.password)).toBe('refused');
    expect(await place.signIn(user.username, next)).toBe('in');
    expect(await redeem(link, newPassword())).toBe(404);
    expect(await place.signIn(user.username, next)).toBe('in');
  });

  test('nobody is mailed twice within a minute, and a link that was mailed stays good', async () => {
    const user = await registerUser(place.api);
    await askFor(user.username);
    const link = await mailedLink(user);
    await askFor(user.username);
    const other = await registerUser(place.api);
    await askFor(other.username);
    await mailedLink(other);
    expect(mailsTo(user)).toHaveLength(1);
    expect((await open(link)).status).toBe(200);
  });

  test('who does not exist, has no address, is disabled or may have no password gets none', async () => {
    const { id: policy_id } = await makePolicy(place.api, { primary: { updb: { allowed: false } } });
    const disabled = await registerUser(place.api, { disabled: true });
    const forbidden = await registerUser(place.api);
    await place.api.patch(`/users/${forbidden.id}`, { policy_id });
    const unreachable = await registerUser(place.api, { email: undefined });
    const before = mailbox.received().length;
    for (const username of [newName(), disabled.username, forbidden.username, unreachable.username, '\u0007', '']) {
      await askFor(username);
    }
    // Mails leave in the order in which they were asked for: when this one is there, no other will come.
    const last = await registerUser(place.api);
    await askFor(last.username);
    await mailedLink(last);
    expect(mailbox.received()).toHaveLength(before + 1);
  });

  test('a mail that the server does not take now is tried again; one that it never will take is not', async () => {
    const [first, second] = [await registerUser(place.api), await registerUser(place.api)];
    mailbox.refusals.push(451);
    await askFor(first.username);
    await mailedLink(first);
    mailbox.refusals.push(550);
    await askFor(second.username);
    await eventually(() => place.server.output().includes('an e-mail was lost'));
    expect(mailbox.refusals).toEqual([]);
    expect(mailsTo(second)).toEqual([]);
  });

  test('a link of an administrator does the same, whatever else is in the way', async () => {
    const user = await registerUser(place.api, { must_change_password: true });
    for (let n = 0; n < 10; n += 1) await place.signIn(user.username, 'certainly not this one');
    expect((await place.api.get(`/users/${user.id}`)).body).toMatchObject({ locked: true });
    const next = newPassword();
    expect(await redeem(await linkFor(user), next)).toBe(200);
    expect(await place.signIn(user.username, next)).toBe('in');
    expect((await place.api.get(`/users/${user.id}`)).body).toMatchObject({
      locked: false,
      must_change_password: false,
    });
  });

  test('a password that breaks the rules leaves the link good', async () => {
    const user = await registerUser(place.api);
    const link = await linkFor(user);
    expect(await redeem(link, 'qwertyuiop')).toBeGreaterThanOrEqual(400);
    expect(await place.signIn(user.username, user.password)).toBe('in');
    const next = newPassword();
    expect(await redeem(link, next)).toBe(200);
    expect(await place.signIn(user.username, next)).toBe('in');
  });

  test('of several at once exactly one sets its password', async () => {
    const user = await registerUser(place.api);
    const link = await linkFor(user);
    const passwords = Array.from({ length: 6 }, newPassword);
    const statuses = await Promise.all(passwords.map((password) => redeem(link, password)));
    const winners = passwords.filter((_, n) => statuses[n] === 200);
    expect(winners).toHaveLength(1);
    for (const password of passwords) {
      expect(await place.signIn(user.username, password)).toBe(password === winners[0] ? 'in' : 'refused');
    }
  });

  test('a newer link, another password, being disabled and time end a link', async () => {
    const user = await registerUser(place.api);
    const older = await linkFor(user);
    const newer = await linkFor(user);
    expect((await open(older)).status).toBe(404);
    expect((await open(newer)).status).toBe(200);
    await place.api.post(`/users/${user.id}/disable`);
    expect((await open(newer)).status).toBe(404);
    await place.api.post(`/users/${user.id}/enable`);
    expect((await open(newer)).status).toBe(200);
    await place.api.patch(`/users/${user.id}`, { password: newPassword() });
    expect((await open(newer)).status).toBe(404);
    expect((await open(`${place.server.url}/account/reset/${'x'.repeat(43)}`)).status).toBe(404);
  });

  test('the links are not in the log', async () => {
    const link = await linkFor(await registerUser(place.api));
    await open(link);
    expect(place.server.output()).not.toContain(link.split('/').at(-1));
    expect(place.server.output()).toContain('/account/reset/');
  });
});
