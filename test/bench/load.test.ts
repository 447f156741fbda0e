import { once } from 'node:events';
import { createServer, type RequestListener, type Server } from 'node:http';
import type { AddressInfo } from 'node:net';
import { text } from 'node:stream/consumers';
import { afterEach, describe, expect, it } from '@jest/globals';
import type { Job } from '../../bench/load.ts';
import { type LoadGenerator, startLoad } from '../../bench/load-generator.ts';
import { post } from '../../bench/requests.ts';
import type { Work } from '../../bench/work.ts';

const UNPINNED = { description: '', pinned: false, serverCore: [], loadCore: [], databaseCores: [] };

let server: Server | undefined;
let load: LoadGenerator | undefined;

afterEach(async () => {
  await load?.stop();
  server?.closeAllConnections();
  server?.close();
  [server, load] = [undefined, undefined];
});

async function run(answer: RequestListener, work: (url: string) => Work, effort: Partial<Job> = {}) {
  server = createServer(answer).listen(0, '127.0.0.1');
  await once(server, 'listening');
  const { port } = server.address() as AddressInfo;
  load = startLoad(UNPINNED);
  const warmUp = { seconds: 5, most: 2 };
  const job = {
    port,
    work: work(`http://localhost:${port}`),
    concurrency: 4,
    warmUp,
    seconds: 5,
    most: 100,
    ...effort,
  };
  let warm = 0;
  const measured = await load.run(job, () => {
    warm += 1;
  });
  expect(warm).toBe(1);
  return measured;
}

const questions = (count: number, once: boolean) => (url: string) => ({
  kind: 'requests' as const,
  requests: Array.from({ length: count }, (_, i) =>
    post({ url, path: '/ask', authorization: 'Basic eDp5' }, { question: String(i) }).toString('latin1'),
  ),
  once,
  expected: '"right":true',
});

const refreshes = (url: string): Work => ({
  kind: 'refreshes',
  token: { url, path: '/token', authorization: 'Basic eDp5' },
  refreshTokens: ['a', 'b', 'c', 'd'],
});

describe('the load of the bench', () => {
  it('sends requests in turn until it has sent enough', async () => {
    const asked: string[] = [];
    const measured = await run(
      async (req, res) => {
        asked.push(`${req.method} ${req.url} ${req.headers.authorization} ${await text(req)}`);
        res.end('{"right":true}');
      },
      questions(3, false),
    );
    expect(measured).toMatchObject({ requests: 100 });
    expect(measured.error).toBeUndefined();
    expect(asked).toHaveLength(102);
    expect(new Set(asked)).toEqual(new Set([0, 1, 2].map((i) => `POST /ask Basic eDp5 question=${i}`)));
  });

  it('sends what is good once no second time, and ends with the last', async () => {
    const asked: string[] = [];
    const measured = await run(
      async (req, res) => {
        asked.push(await text(req));
        res.end('{"right":true}');
      },
      questions(50, true),
    );
    expect(measured.requests).toBe(48);
    expect(asked).toHaveLength(50);
    expect(new Set(asked).size).toBe(50);
  });

  it('reads an answer that comes in pieces, and one of no known length', async () => {
    let turn = 0;
    const measured = await run(
      (_req, res) => {
        turn += 1;
        const known = turn % 2 === 0;
        res.writeHead(200, known ? { 'content-length': 70_014 } : {});
        res.write(' '.repeat(70_000));
        setImmediate(() => res.end('{"right":true}'));
      },
      questions(1, false),
    );
    expect(measured).toMatchObject({ requests: 100 });
    expect(measured.error).toBeUndefined();
  });

  it.each<[string, RequestListener, RegExp]>([
    ['another status', (_req, res) => res.writeHead(500).end('{"right":true}'), /^500 .*right/s],
    ['another body', (_req, res) => res.end('{"right":false}'), /^200 .*false/s],
    ['a closed connection', (req) => req.socket.destroy(), /closed|ECONNRESET/],
  ])('ends at %s, however fast it came', async (_what, answer, error) => {
    const { requests, error: told } = await run(answer, questions(1, false), { warmUp: { seconds: 1, most: 0 } });
    expect(requests).toBe(0);
    expect(told).toMatch(error);
  });

  it('tells of a wrong answer while warming up', async () => {
    let answered = 0;
    const measured = await run(
      (_req, res) => {
        answered += 1;
        res.end(answered <= 1 ? '{}' : '{"right":true}');
      },
      questions(1, false),
    );
    expect(measured).toMatchObject({ requests: 0, error: expect.stringMatching(/^200 /) });
  });

  it('follows chains of refresh tokens, each on a connection of its own', async () => {
    const used: string[] = [];
    const measured = await run(async (req, res) => {
      const token = new URLSearchParams(await text(req)).get('refresh_token') ?? '';
      used.push(token);
      res.end(JSON.stringify({ refresh_token: `${token}+` }));
    }, refreshes);
    expect(measured).toMatchObject({ requests: 100 });
    expect(measured.error).toBeUndefined();
    expect(new Set(used).size).toBe(used.length);
    expect(used).toEqual(expect.arrayContaining(['a', 'a+', 'b', 'b+', 'c', 'c+', 'd', 'd+']));
  });

  it('takes a refresh token that is answered again for a wrong answer', async () => {
    const { error } = await run(async (req, res) => {
      const token = new URLSearchParams(await text(req)).get('refresh_token');
      res.end(JSON.stringify({ refresh_token: token }));
    }, refreshes);
    expect(error).toBe('the refresh token was not rotated');
  });
});
