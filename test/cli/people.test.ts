import { beforeAll, expect, it } from '@jest/globals';
import { adminApi, type RegisteredUser, registerUser } from '../support/clients.ts';
import type { Form } from '../support/forms.ts';
import { authenticate, enrollTotp } from '../support/people.ts';
import { type Server, startServer } from '../support/server.ts';
import { remember } from '../support/vault.ts';
import { createVisitor, type Page } from '../support/visitor.ts';
import { envOf, mintmark } from './command.ts';

let server: Server;
let user: RegisteredUser;
const run = (...args: string[]) => mintmark(args, { env: envOf(server) });

beforeAll(async () => {
  server = await startServer({ engine: 'embedded' });
  user = await registerUser(await adminApi(server));
});

it('shows where somebody is signed in, and signs them out', async () => {
  for (let i = 0; i < 3; i += 1) await authenticate(server, user);
  const shown = await run('users', 'sessions', 'list', user.id);
  expect(shown.stdout).toMatch(/^ID +KIND +IP +USER_AGENT +CREATED_AT +LAST_USED_AT +AMR$/m);
  const { items } = (await run('users', 'sessions', 'list', user.id, '--json')).json;
  expect(items).toHaveLength(3);
  expect(await run('users', 'sessions', 'end', user.id, items[0].id)).toMatchObject({ code: 0 });
  expect(await run('users', 'sessions', 'end', user.id, items[0].id)).toMatchObject({ code: 1 });
  expect(await run('users', 'sessions', 'end-all', user.id)).toMatchObject({ code: 0 });
  expect((await run('users', 'sessions', 'list', user.id, '--json')).json.items).toEqual([]);
});

it('shows what somebody signs in with, and takes it away', async () => {
  await enrollTotp(server, user);
  const types = async () =>
    (await run('users', 'authenticators', 'list', user.id, '--json')).json.items.map(({ type }: any) => type);
  expect(await types()).toEqual(['password', 'totp', 'recovery_codes']);
  expect(await run('users', 'authenticators', 'remove', user.id, 'totp')).toMatchObject({ code: 0 });
  // Recovery codes stand in for a second factor: they go with the last one.
  expect(await types()).toEqual(['password']);
  expect(await run('users', 'authenticators', 'reset', user.id)).toMatchObject({ code: 0 });
  expect(await types()).toEqual(['password']);
});

it('makes a link with which somebody sets a new password', async () => {
  const shown = await run('users', 'password-reset', user.id, '--expires_in', '3600');
  const link = /^link +(\S+)$/m.exec(shown.stdout)?.[1] ?? '';
  remember(link.split('/').at(-1) ?? '');
  expect(shown).toMatchObject({ code: 0, stderr: '' });
  const expiresAt = /^expires_at +(\S+)$/m.exec(shown.stdout)?.[1] ?? '';
  expect(Math.abs(Date.parse(expiresAt) - Date.now() - 3_600_000)).toBeLessThan(60_000);

  const visitor = createVisitor(() => false);
  const page = (await visitor.open(link)) as Page;
  const form = page.forms.find(({ fields }) => fields.has('new_password')) as Form;
  const password = `${user.password} anew`;
  remember(password);
  expect(await visitor.submit(form, { new_password: password, repeat: password })).toMatchObject({ status: 200 });
  expect((await authenticate(server, { ...user, password })).state).toBe('full');
  await expect(authenticate(server, user)).rejects.toThrow('401');
  expect(await visitor.open(link)).toMatchObject({ status: 404 });
});

it('shows who did it', async () => {
  const ours = ['--target', `user:${user.id}`, '--actor', `client:${server.admin.client_id}`];
  const shown = await run('audit', 'list', ...ours);
  expect(shown.stdout).toMatch(/^AT +ACTOR +ACTION +TARGET +OUTCOME +REASON +IP$/m);
  const { items } = (await run('audit', 'list', ...ours, '--outcome', 'success', '--all', '--json')).json;
  expect(items.map(({ action }: any) => action)).toEqual([
    'password.reset_link',
    'authenticator.remove_all',
    'authenticator.remove',
    'user_session.end_all',
    'user_session.end',
    'user.create',
  ]);
});
