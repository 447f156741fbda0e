/** Metadata and keys are rendered once and answered from memory: as the engine renders them, for as long as it would. */
import { beforeAll, describe, expect, test } from '@jest/globals';
import { ENGINES } from '../support/database.ts';
import { eventually } from '../support/eventually.ts';
import { type Server, secondInstance } from '../support/server.ts';
import { startWorld, type World } from './protocol.ts';

const KEYS = '/oauth/jwks';
const DOCUMENTS = ['/.well-known/openid-configuration', '/.well-known/oauth-authorization-server', KEYS];
/** Of this one answer, or added by us: `test/keys` has the caching of keys. */
const NOT_COMPARED = ['date', 'x-request-id', 'connection', 'keep-alive', 'etag', 'cache-control'];

async function ask(server: Server, path: string, headers: Record<string, string> = {}, method = 'GET') {
  const answer = await fetch(server.url + path, { method, headers });
  const compared = [...answer.headers].filter(([name]) => !NOT_COMPARED.includes(name));
  return {
    status: answer.status,
    etag: answer.headers.get('etag') ?? '',
    headers: Object.fromEntries(compared),
    text: await answer.text(),
  };
}

/** The same document as the engine renders it: only the usual spelling of the path is answered from memory. */
const askEngine = (server: Server, path: string, headers = {}, method = 'GET') =>
  ask(server, `${path}/`, headers, method);

describe.each(ENGINES)('Published documents on %s', (engine) => {
  let world: World;
  let other: Server | undefined;

  beforeAll(async () => {
    world = await startWorld(engine);
    if (engine === 'postgres') other = await secondInstance(world.server);
  }, 60_000);

  async function expectTheEngines(server: Server): Promise<void> {
    for (const path of DOCUMENTS) {
      for (const headers of [{}, { origin: 'https://app.example' }]) {
        const { etag: _, ...rendered } = await askEngine(server, path, headers);
        expect(rendered.status).toBe(200);
        for (const asked of ['first', 'again']) {
          const { etag, ...kept } = await ask(server, path, headers);
          expect({ asked, ...kept }).toEqual({ asked, ...rendered });
          expect(etag).toMatch(/^"[\w-]{43}"$/);
        }
      }
    }
  }

  test('are byte for byte the engine’s, headers too, whatever page asks', () => expectTheEngines(world.server));

  test('are sent again only to who has another copy', async () => {
    for (const path of DOCUMENTS) {
      const { etag, text } = await ask(world.server, path);
      for (const condition of [etag, `W/${etag}`, `"older", ${etag}`, '*']) {
        const known = await ask(world.server, path, { 'if-none-match': condition });
        expect(known).toMatchObject({ status: 304, etag, text: '' });
        expect(known.headers).toMatchObject({ vary: 'Origin', 'access-control-allow-origin': '*' });
      }
      for (const condition of ['"older"', etag.slice(1), 'nothing']) {
        const sent = await ask(world.server, path, { 'if-none-match': condition });
        expect(sent).toMatchObject({ status: 200, text });
      }
    }
  });

  test('HEAD says what GET would, and nothing else answers but the engine', async () => {
    for (const path of DOCUMENTS) {
      const { text, ...byGet } = await ask(world.server, path);
      expect(await ask(world.server, path, {}, 'HEAD')).toEqual({ ...byGet, text: '' });
      expect(byGet.headers['content-length']).toBe(String(Buffer.byteLength(text)));
      const preflight = { origin: 'https://app.example', 'access-control-request-method': 'GET' };
      for (const [method, headers] of [
        ['OPTIONS', preflight],
        ['POST', {}],
      ] as const) {
        const answered = await ask(world.server, path, headers, method);
        expect(answered).toEqual(await askEngine(world.server, path, headers, method));
        expect(answered.status).toBe(method === 'OPTIONS' ? 204 : 404);
      }
    }
  });

  test('are the new ones with the first request after the keys changed, at every instance soon', async () => {
    const before = await ask(world.server, KEYS);
    if (other) expect((await ask(other, KEYS)).text).toBe(before.text);
    const { body } = await world.admin.post('/keys/rotate', { alg: 'ES256' });
    const [{ kid }] = body.items;

    const after = await ask(world.server, KEYS, { 'if-none-match': before.etag });
    expect(after.status).toBe(200);
    expect(after.text).toContain(kid);
    await expectTheEngines(world.server);
    if (other) await eventually(async () => (await ask(other as Server, KEYS)).text === after.text);

    await world.admin.post(`/keys/${kid}/revoke`);
    expect((await ask(world.server, KEYS)).text).not.toContain(kid);
    if (other) await eventually(async () => !(await ask(other as Server, KEYS)).text.includes(kid));
  });
});
