import { describe, expect, test } from '@jest/globals';
import { withAdministration } from './support.ts';

describe('a redirect URI', () => {
  const administration = withAdministration('embedded');
  const register = (uri: string, application_type: string) =>
    administration().api.post('/clients', { redirect_uris: [uri], post_logout_redirect_uris: [uri], application_type });

  test.each([
    'https://app.example/callback?tenant=1',
    'http://localhost:3000/callback',
    'http://127.0.0.1/callback',
    'http://[::1]:8080/callback',
  ])('of a web client may be %s', async (uri) => {
    expect(await register(uri, 'web')).toMatchObject({ status: 201, body: { redirect_uris: [uri] } });
  });

  test.each(['com.example.app:/callback', 'com.example.app://callback'])(
    'of a native client may also be %s (RFC 8252 §7.1)',
    async (uri) => {
      expect(await register(uri, 'native')).toMatchObject({ status: 201 });
      expect(await register(uri, 'web')).toMatchObject({ status: 422 });
    },
  );

  test.each([
    'javascript:alert(1)',
    'data:text/html,x',
    'file:///etc/passwd',
    'myapp:/callback',
    'http://app.example/callback',
    'https://app.example/#fragment',
    'https://user:password@app.example/',
    'https://app.example/a b',
    'https:/\\app.example',
    'https://app.exämple/',
    '//app.example/',
    '/callback',
  ])('is never %s', async (uri) => {
    for (const type of ['web', 'native']) {
      const { status, body } = await register(uri, type);
      expect(status).toBe(422);
      expect(body.errors).toContainEqual({ path: 'redirect_uris.0', message: expect.any(String) });
      expect(body.errors).toContainEqual({ path: 'post_logout_redirect_uris.0', message: expect.any(String) });
    }
  });
});
