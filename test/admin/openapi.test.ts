import { describe, expect, test } from '@jest/globals';
import { withAdministration } from './support.ts';

describe('the OpenAPI document', () => {
  const administration = withAdministration('embedded');
  const read = async () => (await fetch(`${administration().server.url}/api/v1/openapi.json`)).json() as Promise<any>;

  test('needs no token, and every reference in it leads somewhere', async () => {
    const document = await read();
    expect(document.openapi).toBe('3.1.1');
    const references = [...JSON.stringify(document).matchAll(/"\$ref":"#\/([^"]+)"/g)].map(([, path = '']) => path);
    expect(references.length).toBeGreaterThan(20);
    for (const path of references) {
      expect(path.split('/').reduce((at, name) => at?.[name], document)).toBeDefined();
    }
  });

  test('tells of operations that are there, with the scope that they really ask for', async () => {
    const { paths } = await read();
    const { url } = administration().server;
    for (const [path, operations] of Object.entries<any>(paths)) {
      for (const [method, { security, requestBody, responses }] of Object.entries<any>(operations)) {
        const target = `${url}/api/v1${path.replaceAll(/\{\w+\}/g, 'nobody')}`;
        const { status } = await fetch(target, { method: method.toUpperCase() });
        const open = requestBody?.required ? 415 : 200;
        expect({ path, method, status }).toEqual({ path, method, status: security.length > 0 ? 401 : open });
        expect(responses).toHaveProperty(String(status));
      }
    }
  });

  test('says which session token an operation takes, and whether its 401 is an answer', async () => {
    const { paths, components } = await read();
    expect(paths['/me'].get).toMatchObject({
      'x-session-token': 'full',
      description: expect.stringMatching(/finished/),
    });
    expect(paths['/me/totp'].post).toMatchObject({
      'x-session-token': 'fresh',
      description: expect.stringMatching(/300 seconds/),
    });
    expect(paths['/authenticate/totp'].post).toMatchObject({
      'x-session-token': 'partial',
      description: expect.stringMatching(/401 .* refused/),
    });
    expect(paths['/authenticate'].post.description).toMatch(/401/);
    expect(JSON.stringify(components.schemas.MePatch.properties.name)).toContain('"maxLength":200');
    const page = await (await fetch(`${administration().server.url}/api/docs`)).text();
    expect(page).toMatch(/GET<\/span> \/me<\/code>.*session token: full/);
    expect(page).toMatch(/POST<\/span> \/me\/totp<\/code>.*session token: fresh/);
    expect(page).toMatch(/GET<\/span> \/clients<\/code>.*<code>clients:read<\/code>/);
  });

  test('is shown to people on a page that loads and runs nothing', async () => {
    const answer = await fetch(`${administration().server.url}/api/docs`);
    const page = await answer.text();
    expect(answer.status).toBe(200);
    expect(answer.headers.get('content-security-policy')).toMatch(/^default-src 'none'; style-src 'sha256-[^']+';/);
    expect(page).toContain('/clients/{client_id}/secrets');
    expect(page).not.toMatch(/<script|https?:\/\//);
  });
});
