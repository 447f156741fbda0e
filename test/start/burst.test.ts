/** Many connect at the same moment: those that are not accepted yet wait, and none has to try again. */
import { once } from 'node:events';
import { readFile } from 'node:fs/promises';
import { connect, type Socket } from 'node:net';
import { expect, test } from '@jest/globals';
import { startServer } from '../support/server.ts';

/** More than the 511 that Node lets wait unless it is told otherwise. */
const MANY = 700;

/** What the system lets wait at most, where it says so. */
const systemsMost = await readFile('/proc/sys/net/core/somaxconn', 'utf8').then(Number, () => 0);

(systemsMost > MANY ? test : test.skip)('a burst of connections at a server that is busy is taken on', async () => {
  const { pid, url } = await startServer({ engine: 'embedded' });
  const inTime = AbortSignal.timeout(10_000);
  const { port } = new URL(url);
  const sockets: Socket[] = [];
  process.kill(pid, 'SIGSTOP');
  try {
    const connected = Array.from({ length: MANY }, () => {
      const socket = connect(Number(port), '127.0.0.1');
      sockets.push(socket);
      return new Promise<void>((resolve, reject) => socket.once('connect', resolve).once('error', reject));
    });
    await Promise.race([Promise.all(connected), once(inTime, 'abort').then(() => Promise.reject(inTime.reason))]);
  } finally {
    process.kill(pid, 'SIGCONT');
  }
  const answers = sockets.map(async (socket) => {
    socket.end('GET /healthz HTTP/1.1\r\nHost: localhost\r\nConnection: close\r\n\r\n');
    let answer = '';
    for await (const chunk of socket) answer += chunk;
    return answer.slice(0, 12);
  });
  expect(new Set(await Promise.all(answers))).toEqual(new Set(['HTTP/1.1 200']));
});
