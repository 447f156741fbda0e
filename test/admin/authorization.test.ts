import { describe, expect, test } from '@jest/globals';
import { adminApi } from '../support/clients.ts';
import { send, withAdministration } from './support.ts';

describe('the admin API asks for an access token', () => {
  const administration = withAdministration('embedded');
  const get = (authorization: string) =>
    send(administration(), '/clients', { method: 'GET', headers: { authorization } });

  test('and challenges whoever brings none, without calling it invalid (RFC 6750 §3.1)', async () => {
    const { status, headers } = await get('');
    expect({ status, challenge: headers.get('www-authenticate') }).toEqual({ status: 401, challenge: 'Bearer' });
  });

  test.each(['Bearer unknown', 'Bearer', 'Bearer two words', `Bearer ${'x'.repeat(5_000)}`])(
    'and refuses %.30s',
    async (authorization) => {
      const { status, headers } = await get(authorization);
      expect({ status, challenge: headers.get('www-authenticate') }).toEqual({
        status: 401,
        challenge: 'Bearer error="invalid_token"',
      });
    },
  );

  test('with the scope of the part it is for: reading is not writing', async () => {
    const reader = await adminApi(administration().server, 'clients:read');
    expect(await reader.get('/clients')).toMatchObject({ status: 200 });
    expect(await reader.get('/users')).toMatchObject({ status: 403 });
    const refused = await reader.post('/clients', {});
    expect(refused).toMatchObject({ status: 403, body: { detail: expect.stringContaining('insufficient_scope') } });
    expect(refused.headers.get('www-authenticate')).toBe('Bearer error="insufficient_scope", scope="clients:write"');
  });

  test('and writing is reading too', async () => {
    const writer = await adminApi(administration().server, 'users:write');
    expect(await writer.get('/users')).toMatchObject({ status: 200 });
  });

  test('before it looks at the body: a stranger learns nothing about it', async () => {
    const stranger = { headers: { authorization: '' }, body: '{' };
    expect(await send(administration(), '/clients', stranger)).toMatchObject({ status: 401 });
  });
});
