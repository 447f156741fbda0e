import { createServer } from 'node:http';
import type { AddressInfo, Socket } from 'node:net';
import { text } from 'node:stream/consumers';
import { fileURLToPath } from 'node:url';
import { afterAll, afterEach, beforeAll, describe, expect, jest, test } from '@jest/globals';
import { Webhook } from 'standardwebhooks';
import { post } from '#src/webhooks/sending/post.ts';
import type { Resolve } from '#src/webhooks/sending/resolve.ts';
import { type Attempt, createSender, type Message, type SenderDeps } from '#src/webhooks/sending/send.ts';
import { newSigningSecret } from '#src/webhooks/sending/sign.ts';
import { eventually } from '../support/eventually.ts';
import { runProgram } from '../support/program.ts';
import { type Certificate, makeCertificate, type RawServer, rawServer, rawTlsServer } from './raw-server.ts';

const SEND_ONCE = fileURLToPath(new URL('./send-once.ts', import.meta.url));
/** In place of the ten seconds. */
const TIMEOUT = 400;
const LATE = 'no complete answer within 0.4 seconds';

const never = new AbortController().signal;
const servers: { close(): Promise<void> }[] = [];

function noted<S extends { close(): Promise<void> }>(server: S): S {
  servers.push(server);
  return server;
}

const target = async (answer: ((socket: Socket, request: string) => void) | undefined) =>
  noted(await rawServer(answer));

/** A target that says this to whoever asks, and leaves the connection open. */
const saying = (...words: string[]) => target((socket) => void words.map((word) => socket.write(word)));

function send(url: string, rest: Partial<Message> = {}, deps: Partial<SenderDeps> = {}): Promise<Attempt> {
  const sender = createSender({ networks: [], allowLoopback: true, timeout: TIMEOUT, ...deps });
  const message = { url, id: 'e1', body: '{}', sharedSecret: undefined, signingSecrets: [], secrets: [], ...rest };
  return sender.send(message, never);
}

/** It failed, in these words, in time, and nothing is left open. */
async function expectFailure(server: RawServer, attempt: Attempt, error: string | RegExp): Promise<void> {
  expect(attempt).toMatchObject({ status: undefined, answer: undefined, retryAfter: undefined });
  if (typeof error === 'string') expect(attempt.error).toBe(error);
  else expect(attempt.error).toMatch(error);
  expect(attempt.duration).toBeLessThan(TIMEOUT + 1_000);
  await eventually(() => server.open() === 0);
}

afterEach(async () => {
  await Promise.all(servers.splice(0).map((server) => server.close()));
});

describe('targets that never come to an end', () => {
  test('one that never answers', async () => {
    const server = await target(undefined);
    await expectFailure(server, await send(server.url), LATE);
    expect(server.connections()).toBe(1);
  });

  test('one that drips its status line, its headers, its body a byte at a time', async () => {
    const whole = `HTTP/1.1 200 OK\r\nx-slow: ${'x'.repeat(50)}\r\n\r\n`;
    for (const [at_once, dripped] of [
      ['', whole],
      ['HTTP/1.1 200 OK\r\n', `x-slow: ${whole}`],
      [`HTTP/1.1 200 OK\r\ncontent-length: 1000\r\n\r\n`, whole],
      [`HTTP/1.1 200 OK\r\ntransfer-encoding: chunked\r\n\r\n`, '1\r\nx\r\n'.repeat(20)],
    ] as const) {
      const server = await target((socket) => {
        socket.write(at_once);
        let sent = 0;
        const timer = setInterval(() => socket.write(dripped[sent++ % dripped.length] ?? ''), 30);
        socket.on('close', () => clearInterval(timer));
      });
      await expectFailure(server, await send(server.url), LATE);
    }
  });

  test('one that goes on saying "soon"', async () => {
    const server = await target((socket) => {
      const timer = setInterval(() => socket.write('HTTP/1.1 103 Early Hints\r\nlink: </x>\r\n\r\n'), 1);
      socket.on('close', () => clearInterval(timer));
    });
    await expectFailure(server, await send(server.url), LATE);
  });

  test('one that takes the connection and not the TLS handshake', async () => {
    const server = await target(undefined);
    await expectFailure(server, await send(server.url.replace('http:', 'https:')), LATE);
  });

  test('one that answers 200 with 10 GB: it is cut at 64 kB, and nobody listens any more', async () => {
    let written = 0;
    const server = await target((socket) => {
      socket.write('HTTP/1.1 200 OK\r\ncontent-length: 10000000000\r\n\r\n');
      const more = () => {
        while (!socket.destroyed && socket.write(Buffer.alloc(16_384, 'x'))) written += 16_384;
      };
      socket.on('drain', more);
      more();
    });
    const attempt = await send(server.url);
    expect(attempt).toMatchObject({ status: 200, error: undefined, answer: 'x'.repeat(1_024) });
    await eventually(() => server.open() === 0);
    // What was on its way in buffers, and no more.
    expect(written).toBeLessThan(50_000_000);

    const letter = { url: new URL(server.url), addresses: ['127.0.0.1'], headers: {}, body: '{}', signal: never };
    const { status, bytes } = await post(letter);
    expect([status, bytes.length]).toEqual([200, 65_536]);
    await eventually(() => server.open() === 0);
  });

  test('one whose name nobody answers for', async () => {
    const resolve: Resolve = (_host, signal) =>
      new Promise((_, reject) => signal.addEventListener('abort', () => reject(signal.reason)));
    const server = await target(undefined);
    await expectFailure(server, await send('https://hooks.example.com/', {}, { resolve }), LATE);
    expect(server.connections()).toBe(0);
  });

  test('five hundred of them delay no other', async () => {
    const hanging = await target(undefined);
    const quick = await saying('HTTP/1.1 204 No Content\r\n\r\n');
    const timeout = 5_000;
    const sender = createSender({ networks: [], allowLoopback: true, timeout });
    const message = { id: 'e1', body: '{}', sharedSecret: undefined, signingSecrets: [], secrets: [] };
    const hung = Array.from({ length: 500 }, () => sender.send({ ...message, url: hanging.url }, never));
    await eventually(() => hanging.connections() === 500, 20_000);
    const settled = jest.fn();
    for (const one of hung) void one.then(settled);
    expect((await sender.send({ ...message, url: quick.url }, never)).status).toBe(204);
    expect(settled).not.toHaveBeenCalled();
    sender.close();
    const errors = (await Promise.all(hung)).map(({ error }) => error ?? '');
    for (const error of errors)
      expect([`no complete answer within 5 seconds`, 'broken off by this server']).toContain(error);
    await eventually(() => hanging.open() === 0);
  });
});

describe('targets that answer what is no answer', () => {
  test('one that resets the connection, at once or in the middle of its answer', async () => {
    const server = await target((socket) => socket.resetAndDestroy());
    await expectFailure(server, await send(server.url), /ECONNRESET/);
    const half = await target((socket) => {
      socket.write('HTTP/1.1 200 OK\r\ncontent-length: 100\r\n\r\nten bytes.', () => socket.resetAndDestroy());
    });
    await expectFailure(half, await send(half.url), /^the answer, of status 200, broke off$|ECONNRESET/);
  });

  test('one that closes without a word, or half way', async () => {
    const server = await target((socket) => socket.end());
    await expectFailure(server, await send(server.url), 'socket hang up');
    for (const framing of [
      'content-length: 100\r\n\r\nten bytes.',
      'transfer-encoding: chunked\r\n\r\n5\r\nhello\r\n',
    ]) {
      const half = await target((socket) => socket.end(`HTTP/1.1 200 OK\r\n${framing}`));
      await expectFailure(half, await send(half.url), 'the answer, of status 200, broke off');
    }
  });

  test('an answer that ends with the connection is whole', async () => {
    const server = await target((socket) => socket.end('HTTP/1.1 200 OK\r\n\r\nthat is it'));
    expect(await send(server.url)).toMatchObject({ status: 200, answer: 'that is it' });
  });

  test('one nobody listens at', async () => {
    const server = await target(undefined);
    await server.close();
    await expectFailure(server, await send(server.url), /ECONNREFUSED/);
  });

  test.each([
    ['headers without end', `HTTP/1.1 200 OK\r\nx-big: ${'x'.repeat(1_000_000)}\r\n\r\n`, /header/i],
    ['very many headers', `HTTP/1.1 200 OK\r\n${'x: y\r\n'.repeat(100_000)}\r\n`, /header/i],
    ['something else', 'SSH-2.0-OpenSSH_9.6\r\n', /Parse Error/],
    ['two lengths', 'HTTP/1.1 200 OK\r\ncontent-length: 1\r\ncontent-length: 2\r\n\r\nab', /Parse Error/],
    [
      'a length beside chunks',
      'HTTP/1.1 200 OK\r\ncontent-length: 1\r\ntransfer-encoding: chunked\r\n\r\n0\r\n\r\n',
      /./,
    ],
    ['a chunk of no size', 'HTTP/1.1 200 OK\r\ntransfer-encoding: chunked\r\n\r\nxyz\r\n', /./],
    ['a status of its own', 'HTTP/1.1 9999 Great\r\n\r\n', /Parse Error/],
  ])('%s', async (_what, answer, error) => {
    const server = await saying(answer);
    await expectFailure(server, await send(server.url), error);
  });

  test('what it says instead of HTTP is not kept, whatever characters it has', async () => {
    const server = await saying('\0\x1b[31m\u2028HTTP/9.9 \r\n');
    const attempt = await send(server.url);
    expect(attempt.error).not.toMatch(/[\p{Cc}]/u);
    expect(attempt.error?.length).toBeLessThanOrEqual(200);
  });

  test('another protocol, when none was asked for', async () => {
    const server = await saying('HTTP/1.1 101 Switching Protocols\r\nconnection: upgrade\r\nupgrade: x\r\n\r\n');
    expect(await send(server.url)).toMatchObject({ status: 101, answer: undefined });
    await eventually(() => server.open() === 0);
  });

  test("two answers: the second one is nobody's", async () => {
    const server = await saying(
      'HTTP/1.1 500 No\r\ncontent-length: 2\r\n\r\nno',
      'HTTP/1.1 200 OK\r\ncontent-length: 0\r\n\r\n',
    );
    expect(await send(server.url)).toMatchObject({ status: 500, answer: 'no' });
    await eventually(() => server.open() === 0);
  });
});

describe('what is kept of an answer', () => {
  const answering = (body: string | Buffer, headers = '') =>
    target((socket) => {
      socket.write(`HTTP/1.1 200 OK\r\n${headers}content-length: ${Buffer.byteLength(body)}\r\n\r\n`);
      socket.end(body);
    });

  test('invalid UTF-8 and NUL become what Postgres can store', async () => {
    const server = await answering(Buffer.from([0x61, 0, 0xff, 0xfe, 0xc3, 0x28, 0xed, 0xa0, 0x80, 0x62]));
    const { answer = '' } = await send(server.url);
    expect(answer).toMatch(/^a\ufffd+\(\ufffd+b$/);
    expect(answer).toBe(answer.toWellFormed());
  });

  test('a kilobyte, cut between two characters', async () => {
    const { answer = '' } = await send((await answering('✓'.repeat(5_000))).url);
    expect(answer).toBe('✓'.repeat(341));
    const { answer: faces = '' } = await send((await answering(`abc${'😀'.repeat(5_000)}`)).url);
    expect(faces).toBe(`abc${'😀'.repeat(255)}`);
  });

  test('nothing, when there is nothing', async () => {
    expect((await send((await answering('')).url)).answer).toBeUndefined();
  });

  test('no secret that was sent, in any of its spellings, nor its beginning at the end of the kilobyte', async () => {
    const secrets = ['token-one', 'token-one-and-more', 'shared "secret" & é/+', ''];
    const echoed = [
      'token-one token-one-and-more',
      JSON.stringify({ secret: secrets[2] }),
      new URLSearchParams({ a: 'token-one' }).toString(),
      encodeURIComponent(secrets[2] ?? ''),
      `${'-'.repeat(820)}token-one-and-more`,
    ].join('\n');
    const { answer } = await send((await answering(echoed)).url, { secrets });
    expect(answer).toMatch(/^••• •••\n\{"secret":"•••"\}\na=•••\n•••\n-+•*$/);
    const long = 'x'.repeat(3_000);
    const { answer: cut } = await send((await answering(`abc ${long} def`)).url, { secrets: [long] });
    expect(cut).toBe('abc ••• def');
  });

  test.each([
    ['120', 120],
    ['0', 0],
    ['99999999999999999999', 86_400],
    ['-5', undefined],
    ['soon', undefined],
    ['Wed, 21 Oct 2015 07:28:00 GMT', 0],
  ])('Retry-After: %s', async (said, seconds) => {
    const server = await saying(`HTTP/1.1 503 Later\r\nretry-after: ${said}\r\ncontent-length: 0\r\n\r\n`);
    expect(await send(server.url)).toMatchObject({ status: 503, retryAfter: seconds });
  });

  test('Retry-After as a date', async () => {
    const date = new Date(Date.now() + 100_000).toUTCString();
    const server = await saying(`HTTP/1.1 429 Later\r\nretry-after: ${date}\r\ncontent-length: 0\r\n\r\n`);
    const { retryAfter = 0 } = await send(server.url);
    expect(retryAfter).toBeGreaterThan(95);
    expect(retryAfter).toBeLessThanOrEqual(101);
  });
});

describe('where a message goes', () => {
  let elsewhere: RawServer;
  beforeAll(async () => {
    elsewhere = await rawServer((socket) => socket.end('HTTP/1.1 200 OK\r\n\r\n'));
  });
  afterAll(() => elsewhere.close());

  test.each([301, 302, 303, 307, 308])('not where a redirect of %d points', async (status) => {
    for (const location of ['http://169.254.169.254/latest/meta-data/', elsewhere.url]) {
      const server = await saying(`HTTP/1.1 ${status} There\r\nlocation: ${location}\r\ncontent-length: 0\r\n\r\n`);
      const attempt = await send(server.url);
      expect(attempt).toMatchObject({ status, error: undefined });
    }
    expect(elsewhere.connections()).toBe(0);
  });

  test.each([
    '127.0.0.1',
    '::1',
    '::ffff:127.0.0.1',
    '169.254.169.254',
    '0.0.0.0',
    '::',
    '10.0.0.1',
    '64:ff9b::7f00:1',
  ])('not where a name leads inside: %s', async (address) => {
    for (const scheme of ['http', 'https']) {
      const url = `${scheme}://hooks.example.com:${elsewhere.port}/`;
      const attempt = await send(url, {}, { resolve: async () => [address] });
      expect(attempt.error).toBe('refused: the address is inside the network of this server');
    }
    expect(elsewhere.connections()).toBe(0);
  });

  test.each(['127.0.0.1', '[::1]', 'localhost', '[::ffff:127.0.0.1]', '2130706433', '0.0.0.0', '[::]'])(
    'not to %s, when this is no development',
    async (host) => {
      const attempt = await send(`http://${host}:${elsewhere.port}/`, {}, { allowLoopback: false });
      expect(attempt.error).toBe('refused: the address is inside the network of this server');
      expect(elsewhere.connections()).toBe(0);
    },
  );

  test('a name is looked up for every message: what it led to before is not believed', async () => {
    const answers = [['127.0.0.1'], ['10.0.0.1'], ['169.254.169.254', '127.0.0.1']];
    const resolve = async () => answers.shift() ?? [];
    const server = await saying('HTTP/1.1 200 OK\r\ncontent-length: 0\r\n\r\n');
    const url = `http://hooks.example.com:${server.port}/`;
    const sender = createSender({ networks: ['127.0.0.1/32'], allowLoopback: false, timeout: TIMEOUT, resolve });
    const message = { url, id: 'e1', body: '{}', sharedSecret: undefined, signingSecrets: [], secrets: [] };
    expect(await sender.send(message, never)).toMatchObject({ status: 200 });
    expect((await sender.send(message, never)).error).toMatch(/^refused/);
    // Of several addresses it may be those that are allowed.
    expect(await sender.send(message, never)).toMatchObject({ status: 200 });
    expect((await sender.send(message, never)).error).toMatch(/^refused/);
    expect(server.connections()).toBe(2);
  });

  test('to the first of several addresses that somebody listens at', async () => {
    const server = await saying('HTTP/1.1 200 OK\r\ncontent-length: 0\r\n\r\n');
    const resolve = async () => ['::1', '127.0.0.1'];
    const networks = ['127.0.0.1', '::1'];
    const attempt = await send(`http://hooks.example.com:${server.port}/`, {}, { resolve, networks });
    expect(attempt).toMatchObject({ status: 200 });
  });

  test('on a connection of its own, which is closed', async () => {
    const server = await saying('HTTP/1.1 200 OK\r\nconnection: keep-alive\r\ncontent-length: 0\r\n\r\n');
    const sender = createSender({ networks: [], allowLoopback: true });
    const message = { url: server.url, id: 'e1', body: '{}', sharedSecret: undefined, signingSecrets: [], secrets: [] };
    for (let i = 0; i < 3; i++) expect(await sender.send(message, never)).toMatchObject({ status: 200 });
    expect(server.connections()).toBe(3);
    await eventually(() => server.open() === 0);
  });

  test('in the words of Standard Webhooks, signed by each secret', async () => {
    const got: { method: unknown; url: unknown; headers: Record<string, string>; body: string }[] = [];
    const server = createServer(async (req, res) => {
      const body = await text(req);
      got.push({ method: req.method, url: req.url, headers: req.headers as Record<string, string>, body });
      res.end();
    });
    await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
    noted({ close: () => new Promise((resolve) => void server.close(() => resolve())) });
    const { port } = server.address() as AddressInfo;
    const signingSecrets = [newSigningSecret(), newSigningSecret()];
    const body = JSON.stringify({ id: 'é ✓' });
    const url = `http://localhost:${port}/in?a=b%20c`;
    await send(url, { id: 'e7', body, signingSecrets, sharedSecret: 'a shared one' });

    const [request] = got;
    expect(request).toMatchObject({
      method: 'POST',
      url: '/in?a=b%20c',
      body,
      headers: {
        host: `localhost:${port}`,
        'content-type': 'application/json',
        'user-agent': 'Mintmark-Webhooks/1',
        'webhook-id': 'e7',
        'x-mintmark-shared-secret': 'a shared one',
      },
    });
    for (const secret of signingSecrets) new Webhook(secret).verify(body, request?.headers ?? {});
    await send(url);
    expect(got[1]?.headers).not.toHaveProperty('x-mintmark-shared-secret');
  });

  test('not on, when whoever sends it stops', async () => {
    const server = await target(undefined);
    const sender = createSender({ networks: [], allowLoopback: true });
    const message = { url: server.url, id: 'e1', body: '{}', sharedSecret: undefined, signingSecrets: [], secrets: [] };
    const stop = new AbortController();
    const sent = sender.send(message, stop.signal);
    await eventually(() => server.open() === 1);
    stop.abort();
    await expectFailure(server, await sent, 'broken off by this server');
    await expectFailure(server, await sender.send(message, stop.signal), 'broken off by this server');
    expect(server.connections()).toBe(1);
  });
});

describe('certificates', () => {
  let right: Certificate;
  let wrong: Certificate;
  beforeAll(async () => {
    [right, wrong] = await Promise.all([makeCertificate('DNS:localhost'), makeCertificate('DNS:other.example')]);
  });
  const answer = (socket: Socket) => void socket.end('HTTP/1.1 200 OK\r\n\r\n');
  const secure = async (certificate: Certificate) => noted(await rawTlsServer(certificate, answer));

  /** As a server with these settings would. */
  async function sendWith(env: Record<string, string>, url: string, networks = ''): Promise<Attempt> {
    const { output } = await runProgram(['--disable-warning=UNDICI-EHPA', SEND_ONCE, url, networks], env);
    return JSON.parse(output.slice(output.indexOf('{'))) as Attempt;
  }

  test('one signed by nobody is refused, before anything is said', async () => {
    const server = await secure(right);
    await expectFailure(server, await send(server.url), /self-signed certificate/);
  });

  test('one of an authority that the operator trusts is accepted, for the name in it only', async () => {
    const [good, bad] = [await secure(right), await secure(wrong)];
    const env = { NODE_EXTRA_CA_CERTS: right.path };
    expect(await sendWith(env, good.url)).toMatchObject({ status: 200 });
    expect((await sendWith({ NODE_EXTRA_CA_CERTS: wrong.path }, bad.url)).error).toMatch(/does not match/);
    expect((await sendWith(env, good.url.replace('localhost', '127.0.0.1'))).error).toMatch(/does not match/);
  });

  test('settings of the process neither switch the check off nor put a proxy in between', async () => {
    const [server, proxy] = [await secure(right), await saying('HTTP/1.1 200 OK\r\ncontent-length: 0\r\n\r\n')];
    const plain = await saying('HTTP/1.1 204 No\r\n\r\n');
    const at = `http://127.0.0.1:${proxy.port}`;
    const proxies = { NODE_USE_ENV_PROXY: '1', HTTP_PROXY: at, HTTPS_PROXY: at, http_proxy: at, https_proxy: at };
    const env = { NODE_TLS_REJECT_UNAUTHORIZED: '0', ...proxies };
    expect((await sendWith(env, server.url)).error).toMatch(/self-signed certificate/);
    expect(await sendWith(env, plain.url)).toMatchObject({ status: 204 });
    expect(proxy.connections()).toBe(0);
  });
});
