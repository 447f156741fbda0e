import { request } from 'node:http';
import { beforeAll, describe, expect, test } from '@jest/globals';
import { ENGINES } from '../support/database.ts';
import { secondInstance } from '../support/server.ts';
import { get, startWorld, type World } from './protocol.ts';

const WELL_KNOWN = ['/.well-known/openid-configuration', '/.well-known/oauth-authorization-server'];
/** Members of a private JWK (RFC 7518 §6). */
const PRIVATE = ['d', 'p', 'q', 'dp', 'dq', 'qi', 'oth', 'k'];

describe.each(ENGINES)('Metadata on %s', (engine) => {
  let world: World;

  beforeAll(async () => {
    world = await startWorld(engine);
  });

  test('both documents are the same JSON', async () => {
    const [one, other] = await Promise.all(WELL_KNOWN.map((path) => get(world.server, path)));
    expect(one?.headers.get('content-type')).toMatch(/^application\/json/);
    expect(one?.body).toEqual(other?.body);
  });

  test('a forged Host reaches neither the documents nor a redirect', async () => {
    for (const name of ['Host', 'X-Forwarded-Host', 'Forwarded']) {
      const value = name === 'Forwarded' ? 'host=attacker.example' : 'attacker.example';
      for (const path of [...WELL_KNOWN, '/oauth/authorize?client_id=x', '/oauth/logout', '/device']) {
        const answer = await forged(world, path, { [name]: value });
        expect(answer).not.toContain('attacker.example');
      }
    }
  });

  test('the key set holds ES256, RS256 and Ed25519, and no private member', async () => {
    const { status, body } = await get(world.server, '/oauth/jwks');
    expect(status).toBe(200);
    expect(body.keys.map(({ alg }: { alg: string }) => alg).sort()).toEqual(['ES256', 'Ed25519', 'RS256']);
    for (const key of body.keys) {
      expect(key).toMatchObject({ kid: expect.any(String), use: 'sig' });
      expect(Object.keys(key).filter((name) => PRIVATE.includes(name))).toEqual([]);
    }
    const kids = body.keys.map(({ kid }: { kid: string }) => kid);
    expect(new Set(kids).size).toBe(kids.length);
  });

  test('any web page may read the documents and the keys', async () => {
    for (const path of [...WELL_KNOWN, '/oauth/jwks']) {
      const { headers } = await get(world.server, path, { origin: 'https://app.example' });
      expect(['*', 'https://app.example']).toContain(headers.get('access-control-allow-origin'));
      expect(headers.get('access-control-allow-credentials')).toBeNull();
    }
  });

  test('every endpoint that is named exists', async () => {
    const { body } = await get(world.server, WELL_KNOWN[0] as string);
    const endpoints = Object.entries<string>(body).filter(([name]) => /_endpoint$|jwks_uri/.test(name));
    expect(endpoints.length).toBeGreaterThan(7);
    for (const [name, url] of endpoints) {
      const { pathname } = new URL(url);
      const [byGet, byPost] = await Promise.all(
        ['GET', 'POST'].map((method) => fetch(url, { method, redirect: 'manual' })),
      );
      expect({ name, pathname, found: byGet?.status !== 404 || byPost?.status !== 404 }).toMatchObject({ found: true });
    }
  });

  if (engine === 'postgres') {
    test('a second instance has the same keys', async () => {
      const second = await secondInstance(world.server);
      const [one, other] = await Promise.all([get(world.server, '/oauth/jwks'), get(second, '/oauth/jwks')]);
      expect(other.body).toEqual(one.body);
    });
  }
});

test('the metadata document, whole (RFC 8414, OpenID Connect Discovery)', async () => {
  const { server } = await startWorld('embedded');
  const { body } = await get(server, '/.well-known/openid-configuration');
  const anonymous = JSON.parse(JSON.stringify(body).replaceAll(server.issuer, 'https://id.example'));
  expect(anonymous).toMatchSnapshot();
});

/** fetch keeps its own Host header; this does not. @returns the whole answer as text */
async function forged({ server }: World, path: string, headers: Record<string, string>): Promise<string> {
  return new Promise((resolve, reject) => {
    request(server.url + path, { headers: { accept: 'text/html', ...headers } }, (response) => {
      const chunks: Uint8Array[] = [Buffer.from(JSON.stringify(response.headers))];
      response.on('data', (chunk: Buffer) => chunks.push(chunk));
      response.on('end', () => resolve(Buffer.concat(chunks).toString()));
    })
      .once('error', reject)
      .end();
  });
}
