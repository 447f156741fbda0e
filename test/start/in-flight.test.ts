/** More at once than `MINTMARK_MAX_IN_FLIGHT`: told so at once, while those that are under way get their answers. */
import { connect, type Socket } from 'node:net';
import { afterAll, beforeAll, describe, expect, test } from '@jest/globals';
import pg from 'pg';
import { embeddedUrl } from '#src/db/embedded.ts';
import { get, post } from '../endpoints/protocol.ts';
import { adminApi, type RegisteredClient, registerApi, registerMachine } from '../support/clients.ts';
import { ENGINES } from '../support/database.ts';
import { eventually } from '../support/eventually.ts';
import { type Server, startServer } from '../support/server.ts';
import { logLines } from '../workers/support.ts';

const MOST = 2;
const GRANT = { grant_type: 'client_credentials', scope: 'things:read' };
const DISCOVERY = '/.well-known/openid-configuration';
const PATHS = ['on', 'off'] as const;

describe.each(ENGINES.flatMap((engine) => PATHS.map((narrow) => [engine, narrow] as const)))(
  'On %s, narrow path %s, a server that answers two at once',
  (engine, narrow) => {
    let server: Server;
    let machine: RegisteredClient;
    const sockets: Socket[] = [];

    beforeAll(async () => {
      const env = { MINTMARK_MAX_IN_FLIGHT: String(MOST), MINTMARK_NARROW_PATH: narrow };
      server = await startServer({ engine, env });
      const admin = await adminApi(server);
      await registerApi(admin);
      machine = await registerMachine(admin, 'things:read');
      await post(server, '/oauth/token', GRANT, { as: machine });
    }, 60_000);
    afterAll(() => {
      for (const socket of sockets) socket.destroy();
    });

    /** While `work` is done nobody is given a token: who asks for one waits. */
    async function whileTokensWait(work: () => Promise<void>): Promise<void> {
      const connectionString = server.databaseUrl ?? embeddedUrl(server.dataDir);
      const client = new pg.Client({ connectionString });
      await client.connect();
      try {
        await client.query('begin');
        await client.query('lock table tokens in access exclusive mode');
        await work();
      } finally {
        await client.query('rollback');
        await client.end();
      }
    }

    test('says 503 to the third, in the words of where it asked, and answers the two', async () => {
      let waiting: Promise<{ status: number }>[] = [];
      await whileTokensWait(async () => {
        waiting = [1, 2].map(() => post(server, '/oauth/token', GRANT, { as: machine }));
        await eventually(async () => (await get(server, DISCOVERY)).status === 503);

        const atToken = await post(server, '/oauth/token', GRANT, { as: machine });
        expect(atToken).toMatchObject({
          status: 503,
          body: { error: 'temporarily_unavailable', error_description: 'please try again' },
        });
        for (const [name, value] of Object.entries({
          'retry-after': '1',
          'cache-control': 'no-store',
          'x-content-type-options': 'nosniff',
          'content-type': 'application/json; charset=utf-8',
        })) {
          expect([name, atToken.headers.get(name)]).toEqual([name, value]);
        }
        expect(atToken.headers.get('x-request-id')).toMatch(/^[\w-]{36}$/);

        const atApi = await get(server, '/api/v1/clients?limit=1');
        expect(atApi.headers.get('content-type')).toBe('application/problem+json');
        expect(atApi).toMatchObject({
          status: 503,
          body: { type: 'about:blank', title: 'Service Unavailable', status: 503, errors: [] },
        });
        expect(atApi.headers.get('retry-after')).toBe('1');

        const page = await get(server, '/account', { accept: 'text/html,*/*' });
        expect(page.status).toBe(503);
        expect(page.headers.get('retry-after')).toBe('1');
        expect(page.headers.get('content-type')).toBe('text/html; charset=utf-8');
        expect(page.headers.get('content-security-policy')).toContain("form-action 'self'");
        expect(page.body).toContain(page.headers.get('x-request-id'));
        const [, stylesheet = ''] = /rel="stylesheet" href="([^"]+)"/.exec(page.body) ?? [];
        expect((await get(server, stylesheet)).status).toBe(200);
        expect((await get(server, '/public/nothing.css')).status).toBe(503);

        expect(await get(server, '/healthz')).toMatchObject({ status: 200, body: { status: 'ok' } });
      });
      expect((await Promise.all(waiting)).map(({ status }) => status)).toEqual([200, 200]);
      expect((await get(server, DISCOVERY)).status).toBe(200);
      await eventually(() =>
        logLines(server).some(({ msg, refused }) => msg === 'too many requests at once' && Number(refused) > 3),
      );
    });

    test('counts those that went away until the work for them is done, and then no more', async () => {
      const gone = new AbortController();
      await whileTokensWait(async () => {
        const body = new URLSearchParams(GRANT);
        const headers = { authorization: `Basic ${btoa(`${machine.client_id}:${machine.client_secret}`)}` };
        const asked = [1, 2].map(() =>
          fetch(`${server.url}/oauth/token`, { method: 'POST', headers, body, signal: gone.signal }),
        );
        await eventually(async () => (await get(server, DISCOVERY)).status === 503);
        gone.abort();
        await Promise.allSettled(asked);
        expect((await get(server, DISCOVERY)).status).toBe(503);
      });
      await eventually(async () => (await get(server, DISCOVERY)).status === 200);
    });

    test('counts a request that needs no body, though it holds one back', async () => {
      const { hostname, port } = new URL(server.url);
      const head = `GET /api/v1/clients HTTP/1.1\r\nHost: ${hostname}:${port}\r\nAuthorization: Bearer ${'x'.repeat(43)}\r\n`;
      await whileTokensWait(async () => {
        for (let i = 0; i < MOST; i += 1) {
          const socket = connect({ host: hostname, port: Number(port) });
          sockets.push(socket);
          socket.write(`${head}Content-Length: 1\r\n\r\n`);
        }
        await eventually(async () => (await get(server, DISCOVERY)).status === 503);
        for (const socket of sockets.splice(0)) socket.destroy();
      });
      await eventually(async () => (await get(server, DISCOVERY)).status === 200);
    });

    test('does not count those whose requests are still arriving: who sends slowly keeps nobody out', async () => {
      const { hostname, port } = new URL(server.url);
      const head = 'POST /oauth/token HTTP/1.1\r\nHost: x\r\nContent-Type: application/x-www-form-urlencoded\r\n';
      for (let i = 0; i < 4 * MOST; i += 1) {
        const socket = connect({ host: hostname, port: Number(port) });
        sockets.push(socket);
        await new Promise((sent) => socket.write(`${head}Content-Length: 100\r\n\r\ngrant_type=`, sent));
      }
      for (let i = 0; i < 4 * MOST; i += 1) expect((await get(server, DISCOVERY)).status).toBe(200);
      let waiting: Promise<{ status: number }>[] = [];
      await whileTokensWait(async () => {
        waiting = [1, 2].map(() => post(server, '/oauth/token', GRANT, { as: machine }));
        await eventually(async () => (await get(server, DISCOVERY)).status === 503);
      });
      expect((await Promise.all(waiting)).map(({ status }) => status)).toEqual([200, 200]);
    });
  },
);
