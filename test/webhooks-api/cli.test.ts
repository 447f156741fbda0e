import { expect, test } from '@jest/globals';
import { envOf, mintmark } from '../cli/command.ts';
import { remember } from '../support/vault.ts';
import { withWebhooks } from './support.ts';

const world = withWebhooks('embedded');
const run = (...args: string[]) => mintmark(['webhooks', ...args], { env: envOf(world().server) });

test('administrators make one, try it, look what came of it, pause and delete it', async () => {
  const wanted = ['--webhook_url', world().target.url, '--format', 'event', '--events', 'login.failed,user.locked'];
  const { json: made } = await run('create', ...wanted, '--json');
  expect(made).toMatchObject({ events: ['login.failed', 'user.locked'], status: 'active' });
  expect((await run('list')).stdout).toMatch(/^ID +STATUS +PAUSED_REASON +FORMAT +URL +EVENTS +LAST_SUCCESS_AT$/m);
  expect((await run('get', made.id, '--json')).json).toMatchObject({ id: made.id });

  const { json: sample } = await run('test', made.id, '--json');
  expect(sample).toMatchObject({ type: 'webhook.test' });
  expect((await run('deliveries', made.id)).stdout).toMatch(/^ID +TYPE +TIME +STATUS +ATTEMPTS/m);
  expect((await run('deliveries', made.id, '--status', 'dead', '--json')).json).toEqual({
    items: [],
    next_cursor: null,
  });
  const { json: shown } = await run('deliveries', 'get', made.id, sample.id, '--json');
  expect(shown).toMatchObject({ id: sample.id, attempt_log: expect.any(Array) });
  expect((await run('redeliver', made.id, sample.id, '--json')).json).toMatchObject({ id: sample.id });
  const range = ['--from', '2026-01-01T00:00:00Z', '--to', '2026-01-02T00:00:00Z'];
  expect((await run('replay', made.id, ...range, '--json')).json).toEqual({ replayed: 0 });

  const moved = await run('update', made.id, '--webhook-url', `${made.url}2`, '--url', world().server.url, '--json');
  expect(moved.json).toMatchObject({ url: `${made.url}2` });
  expect((await run('update', made.id, '--status', 'paused', '--json')).json).toMatchObject({ status: 'paused' });
  expect(await run('test', made.id)).toMatchObject({ code: 1, stderr: expect.stringMatching(/paused/) });
  expect(await run('delete', made.id)).toMatchObject({ code: 0 });
});

test('the flag that names the server is not taken for the URL of a webhook', async () => {
  const { code, stderr } = await run('create', '--url', world().target.url, '--format', 'event');
  expect(code).toBe(1);
  expect(stderr).toMatch(/is it a Mintmark server\?/);
  expect(world().target.received.filter(({ headers }) => headers.authorization)).toEqual([]);
  const help = await run('create', '--help');
  expect(help.stdout).toMatch(/--webhook_url <text>.*\(required\)/);
});

test('a signing secret is shown once, and said to be', async () => {
  const { id } = await world().make();
  const { stdout, stderr } = await run('rotate-secret', id, '--expires_previous_in', '3600');
  const [, value = ''] = /^signing_secret +(whsec_\S+)$/m.exec(stdout) ?? [];
  remember(value);
  expect(value).not.toBe('');
  expect(stderr).toMatch(/Keep the signing_secret now/);
  const { json } = await run('secrets', 'list', id, '--json');
  expect(json.items).toHaveLength(2);
  expect(await run('secrets', 'remove', id, json.items[1].id)).toMatchObject({ code: 0 });
});
