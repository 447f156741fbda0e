import { describe, expect, test } from '@jest/globals';
import fc from 'fast-check';
import { registerClient } from '../support/clients.ts';
import { send, withAdministration } from './support.ts';

describe('bad input to the admin API', () => {
  const administration = withAdministration('embedded');
  const problem = (status: number) => ({
    status,
    type: expect.stringContaining('application/problem+json'),
    body: {
      type: 'about:blank',
      title: expect.any(String),
      status,
      detail: expect.any(String),
      errors: expect.any(Array),
    },
  });

  describe.each(['/clients', '/apis', '/users'])('POST %s', (path) => {
    test.each([
      ['cut off', '{'],
      ['empty', ''],
      ['an array', '[]'],
      ['null', 'null'],
      ['a string', '"x"'],
      ['deeper than any document of ours', `${'['.repeat(3_000)}${']'.repeat(3_000)}`],
      ['not UTF-8', Buffer.from([0x7b, 0x22, 0xff, 0x22, 0x3a, 0x31, 0x7d])],
    ])('a body that is %s is 400', async (_what, body) => {
      expect(await send(administration(), path, { body })).toMatchObject(problem(400));
    });

    test.each([
      ['an unknown member', '{"colour":"red"}', 'colour'],
      ['NUL', '{"metadata":{"deep":["a\\u0000"]}}', 'metadata.deep.0'],
      ['a lone surrogate', '{"name":"\\ud800"}', 'name'],
      ['__proto__', '{"metadata":{"__proto__":{"admin":true}}}', 'metadata.__proto__'],
    ])('%s is 400 and named', async (_what, body, member) => {
      const answer = await send(administration(), path, { body });
      expect(answer).toMatchObject(problem(400));
      expect(answer.body.errors.map((error: { path: string }) => error.path)).toContain(member);
    });

    test('a megabyte is 413', async () => {
      expect(await send(administration(), path, { body: 'x'.repeat(1 << 20) })).toMatchObject(problem(413));
    });

    test.each([['text/plain'], ['application/x-www-form-urlencoded'], ['application/json; charset=utf-16']])(
      '%s is 415',
      async (type) => {
        expect(await send(administration(), path, { body: '{}', headers: { 'content-type': type } })).toMatchObject(
          problem(415),
        );
      },
    );

    test('a compressed body is 415', async () => {
      expect(await send(administration(), path, { body: '{}', headers: { 'content-encoding': 'gzip' } })).toMatchObject(
        problem(415),
      );
    });
  });

  test.each([
    'limit=0',
    'limit=501',
    'limit=ten',
    'limit=1e2',
    'limit=',
    'limit=99999999999999999999',
    'limit=1&limit=2',
    'cursor=x',
    'cursor=',
    'cursor=OTk5OTk5OTk5OTk5OTk5OTk5OTk5OQ',
    'colour=red',
    '__proto__=1',
  ])('a list with ?%s is 400 and names the parameter', async (query) => {
    const answer = await send(administration(), `/users?${query}`, { method: 'GET' });
    expect(answer).toMatchObject(problem(400));
    expect(answer.body.errors[0].path).toBe(query.split('=')[0]);
  });

  test.each(['/clients/%00', '/clients/%ff', '/clients/%', '/users?limit=%00', '/users?cursor=%ED%A0%80'])(
    'a target that cannot be stored is 400: %s',
    async (path) => {
      expect(await send(administration(), path, { method: 'GET' })).toMatchObject(problem(400));
    },
  );

  test('a wrong method is 405 and says which are right', async () => {
    const answer = await send(administration(), '/clients', { method: 'PUT', body: '{}' });
    expect(answer).toMatchObject(problem(405));
    expect(answer.headers.get('allow')).toBe('GET, HEAD, POST');
  });

  test('an unknown path is 404', async () => {
    expect(await send(administration(), '/colours', { method: 'GET' })).toMatchObject(problem(404));
  });

  test('whatever JSON stands in a member, the answer is no 5xx, and a refusal names that member', async () => {
    const { client_id } = await registerClient(administration().api);
    const member = fc.constantFrom(
      'client_name',
      'redirect_uris',
      'scope',
      'jwks',
      'metadata',
      'access_token_ttl',
      'contacts',
      'disabled',
    );
    await fc.assert(
      fc.asyncProperty(member, fc.jsonValue(), async (name, value) => {
        const patch = { body: JSON.stringify({ [name]: value }), method: 'PATCH' };
        const { status, body } = await send(administration(), `/clients/${client_id}`, patch);
        expect([200, 400, 422]).toContain(status);
        if (status !== 200) expect(body.errors[0].path.split('.')[0]).toBe(name);
      }),
      { numRuns: 200 },
    );
  });
});
