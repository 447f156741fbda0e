import { type ChildProcess, spawn } from 'node:child_process';
import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import { afterAll, beforeAll, describe, expect, test } from '@jest/globals';
import { adminApi, registerUser } from '../support/clients.ts';
import { eventually } from '../support/eventually.ts';
import { type Server, startServer } from '../support/server.ts';
import { rememberMembers } from '../support/vault.ts';
import { blocks, ROOT, textOf } from './markdown.ts';

describe('the receiver of webhooks.md', () => {
  let server: Server;
  let receiver: ChildProcess;
  let url: string;
  let heard = '';

  beforeAll(async () => {
    server = await startServer({ engine: 'embedded' });
    const admin = await adminApi(server);
    url = `http://127.0.0.1:${await freePort()}/mintmark`;
    const { body } = await admin.post('/webhooks', { url, format: 'event', events: ['user.disabled'] });
    rememberMembers(body);

    const example = blocks(textOf('docs/webhooks.md')).find(({ language }) => language === 'js')?.text ?? '';
    expect(example.trim().split('\n').length).toBeLessThanOrEqual(20);
    receiver = spawn(process.execPath, ['--input-type=module', '-e', example], {
      cwd: ROOT,
      env: { PORT: new URL(url).port, SIGNING_SECRET: body.signing_secret },
      stdio: ['ignore', 'pipe', 'inherit'],
    });
    receiver.stdout?.on('data', (text) => {
      heard += text;
    });
    await eventually(
      () =>
        post('{}').then(
          ({ status }) => status === 400,
          () => false,
        ),
      20_000,
    );
  }, 60_000);

  afterAll(() => {
    receiver?.kill();
  });

  const post = (body: string, headers: Record<string, string> = {}) => fetch(url, { method: 'POST', body, headers });

  test('hears what it listens to, and that it came from here', async () => {
    const admin = await adminApi(server);
    const { id } = await registerUser(admin);
    await admin.post(`/users/${id}/disable`, {});
    await eventually(() => heard.includes(id), 10_000);
    expect(heard).toContain('user.disabled');
  });

  test('refuses what somebody else signed', async () => {
    const headers = {
      'webhook-id': 'a',
      'webhook-timestamp': String(Math.floor(Date.now() / 1000)),
      'webhook-signature': `v1,${Buffer.alloc(32).toString('base64')}`,
    };
    const before = heard;
    expect((await post('{"type":"user.disabled","data":{}}', headers)).status).toBe(400);
    expect(heard).toBe(before);
  });
});

async function freePort(): Promise<number> {
  const probe = createServer();
  await new Promise<void>((resolve) => probe.listen(0, '127.0.0.1', resolve));
  const { port } = probe.address() as AddressInfo;
  await new Promise((resolve) => probe.close(resolve));
  return port;
}
