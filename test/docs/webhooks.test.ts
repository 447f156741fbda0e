import { type ChildProcess, spawn } from 'node:child_process';
import { createServer, type IncomingMessage, request } from 'node:http';
import type { AddressInfo } from 'node:net';
import { setTimeout as sleep } from 'node:timers/promises';
import { afterAll, beforeAll, describe, expect, test } from '@jest/globals';
import { Webhook } from 'standardwebhooks';
import { adminApi, registerUser } from '../support/clients.ts';
import { eventually } from '../support/eventually.ts';
import { type Server, startServer } from '../support/server.ts';
import { rememberMembers } from '../support/vault.ts';
import { blocks, ROOT, textOf } from './markdown.ts';

describe('the receiver of webhooks.md', () => {
  let server: Server;
  let receiver: ChildProcess;
  let url: string;
  let secret: string;
  let heard = '';

  beforeAll(async () => {
    server = await startServer({ engine: 'embedded' });
    const admin = await adminApi(server);
    url = `http://127.0.0.1:${await freePort()}/mintmark`;
    const { body } = await admin.post('/webhooks', { url, format: 'event', events: ['user.disabled'] });
    rememberMembers(body);
    secret = body.signing_secret;

    const example = blocks(textOf('docs/webhooks.md')).find(({ language }) => language === 'js')?.text ?? '';
    expect(example.trim().split('\n').length).toBeLessThanOrEqual(20);
    receiver = spawn(process.execPath, ['--input-type=module', '-e', example], {
      cwd: ROOT,
      env: { PORT: new URL(url).port, SIGNING_SECRET: secret },
      stdio: ['ignore', 'pipe', 'inherit'],
    });
    receiver.stdout?.setEncoding('utf8').on('data', (text) => {
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

  test('accepts a body that comes in pieces, cut in the middle of a character', async () => {
    const body = Buffer.from(JSON.stringify({ type: 'client.updated', data: { name: 'Harbour ✓' } }));
    const at = new Date();
    const headers = {
      'webhook-id': 'in-pieces',
      'webhook-timestamp': String(Math.floor(at.getTime() / 1000)),
      'webhook-signature': new Webhook(secret).sign('in-pieces', at, body),
    };
    const cut = body.indexOf('✓') + 1;
    expect(await postPieces([body.subarray(0, cut), body.subarray(cut)], headers)).toBe(204);
    await eventually(() => heard.includes('Harbour ✓'));
  });

  /** @returns the status */
  async function postPieces([first, second]: [Buffer, Buffer], headers: Record<string, string>): Promise<number> {
    const sent = request(url, { method: 'POST', headers });
    const answered = new Promise<IncomingMessage>((resolve, reject) =>
      sent.on('response', resolve).on('error', reject),
    );
    await new Promise((resolve) => sent.write(first, resolve));
    // For the first to be read by itself. Were it late, both would be read as one, and nothing be shown.
    await sleep(200);
    sent.end(second);
    return (await answered).resume().statusCode ?? 0;
  }
});

async function freePort(): Promise<number> {
  const probe = createServer();
  await new Promise<void>((resolve) => probe.listen(0, '127.0.0.1', resolve));
  const { port } = probe.address() as AddressInfo;
  await new Promise((resolve) => probe.close(resolve));
  return port;
}
