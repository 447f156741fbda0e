import { beforeAll, describe, expect, test } from '@jest/globals';
import { decodeJwt, decodeProtectedHeader } from 'jose';
import { ENGINES } from '../support/database.ts';
import { authenticate, enrollTotp } from '../support/people.ts';
import { bearer, makeOwn, OWN_API, type Person, request, somebody, withPats } from './support.ts';

const VALUE = /^mmp_[A-Za-z0-9_-]{43}[0-9A-Za-z]{6}$/;
const MEMBERS = [
  'id',
  'name',
  'scopes',
  'audience',
  'format',
  'created_at',
  'expires_at',
  'last_used_at',
  'last_used_ip',
  'ip',
  'user_agent',
  'status',
  'replaced_at',
];

describe.each(ENGINES)('making personal access tokens, on %s', (engine) => {
  const world = withPats(engine);
  let ann: Person;

  beforeAll(async () => {
    ann = await somebody(world());
  });

  /** To ten minutes: it is made a moment before it is written. */
  const days = ({ created_at, expires_at }: { created_at: string; expires_at: string }) =>
    Number(((Date.parse(expires_at) - Date.parse(created_at)) / 86_400_000).toFixed(2));

  test('gives the value once, and a record of it', async () => {
    const wanted = { name: 'Backup', scopes: ['things:write', 'things:read'], audience: world().things.identifier };
    const { status, headers, body } = await ann.ask({ ...wanted, expires_in_days: 7 });
    const { token, ...record } = body;
    expect({ status, cache: headers.get('cache-control') }).toEqual({ status: 201, cache: 'no-store' });
    expect(headers.get('location')).toBe(`/api/v1/me/pats/${record.id}`);
    expect(token).toMatch(VALUE);
    expect(Object.keys(record).sort()).toEqual([...MEMBERS].sort());
    expect(record).toMatchObject({
      ...wanted,
      format: 'opaque',
      status: 'live',
      replaced_at: null,
      last_used_at: null,
    });
    expect(record.ip).toMatch(/^(127\.0\.0\.1|::1)$/);
    expect(days(record)).toBe(7);
    expect((await ann.session.call('GET', `/me/pats/${record.id}`)).body).toEqual(record);
    const listed = (await ann.session.call('GET', '/me/pats')).body.items;
    expect(listed.find(({ id }: { id: string }) => id === record.id)).toEqual(record);
  });

  test('lasts 30 days where nothing is said, and 90 at most', async () => {
    expect(days(await ann.make())).toBe(30);
    expect(days(await ann.make({ expires_in_days: 90 }))).toBe(90);
    expect(days(await ann.make({ expires_in_days: 1 }))).toBe(1);
  });

  test.each([0, 91, -1, 1.5, 1e308])('refuses %d days, and says how many there may be', async (expires_in_days) => {
    const { things } = world();
    const { status, body } = await ann.ask({
      name: 'x',
      scopes: ['things:read'],
      audience: things.identifier,
      expires_in_days,
    });
    expect({ status, paths: body.errors.map(({ path }: any) => path) }).toEqual({
      status: 422,
      paths: ['expires_in_days'],
    });
    expect(body.errors[0].message).toMatch(/1.*90/);
  });

  test.each<[what: string, wrong: object, status: number, path: string]>([
    ['days in words', { expires_in_days: '90' }, 400, 'expires_in_days'],
    ['an unknown member', { admin: true }, 400, 'admin'],
    ['an unknown format', { format: 'paseto' }, 422, 'format'],
    ['no scope', { scopes: [] }, 422, 'scopes'],
    ['an unknown scope', { scopes: ['things:burn'] }, 422, 'scopes.0'],
    ['a scope of another API', { scopes: ['things:read', 'account:read'] }, 422, 'scopes.1'],
    ['a scope of OpenID Connect', { scopes: ['openid'] }, 422, 'scopes.0'],
    ['an unknown API', { audience: 'https://nobody.example' }, 422, 'audience'],
    ['no API', { audience: undefined }, 400, 'audience'],
    ['two APIs', { audience: ['a', 'b'] }, 400, 'audience'],
    ['an empty name', { name: '  ' }, 422, 'name'],
    ['a name of 10 kB', { name: 'x'.repeat(10_240) }, 422, 'name'],
    ['a name with control characters', { name: 'a\u0007b' }, 422, 'name'],
    ['a name that cannot be stored', { name: 'a\u0000b' }, 400, 'name'],
    ['somebody else', { user_id: '00000000-0000-4000-8000-000000000000' }, 400, 'user_id'],
  ])('refuses %s', async (_what, wrong, status, path) => {
    const good = { name: 'x', scopes: ['things:read'], audience: world().things.identifier };
    const answer = await ann.ask({ ...good, ...wrong });
    expect({ status: answer.status, paths: answer.body.errors.map((one: any) => one.path) }).toEqual({
      status,
      paths: [path],
    });
  });

  test('gives nothing of administration', async () => {
    for (const scope of ['admin', 'users:read', 'tokens:write']) {
      const { status } = await ann.ask({ name: 'x', scopes: [scope], audience: OWN_API });
      expect({ scope, status }).toEqual({ scope, status: 422 });
    }
  });

  test('as a JWT says what it is', async () => {
    const { token, ...made } = await ann.make({ format: 'jwt' });
    expect(decodeProtectedHeader(token)).toMatchObject({ alg: 'ES256', typ: 'pat+jwt' });
    const { jti, iat, exp, status, ...claims } = decodeJwt(token);
    expect(claims).toEqual({
      iss: world().server.issuer,
      sub: ann.user.id,
      aud: world().things.identifier,
      client_id: 'urn:mintmark:account',
      scope: 'things:read',
    });
    expect(exp).toBe(Date.parse(made.expires_at) / 1000);
    expect(Number(exp) - Number(iat)).toBe(30 * 86_400);
    expect({ jti, status }).toEqual({ jti: expect.any(String), status: { status_list: expect.anything() } });
  });

  test('takes a finished sign-in', async () => {
    const bob = await somebody(world());
    await enrollTotp(world().server, bob.user);
    const half = await authenticate(world().server, bob.user);
    const { status, headers } = await half.call('POST', '/me/pats', {
      name: 'x',
      scopes: ['account:read'],
      audience: OWN_API,
    });
    expect({ status, challenge: headers.get('www-authenticate') }).toEqual({
      status: 401,
      challenge: 'Bearer error="insufficient_user_authentication"',
    });
  });

  test('is written down with who, what and from where, and without the value', async () => {
    const bob = await somebody(world());
    const { token, ...made } = await bob.make({ name: 'Recorded' });
    const { body } = await world().api.get(`/audit?target=user:${bob.user.id}&action=pat.create`);
    expect(body.items).toMatchObject([
      { actor: `user:${bob.user.id}`, outcome: 'success', data: { pat_id: made.id, name: 'Recorded' } },
    ]);
    expect(JSON.stringify(body)).not.toContain(token);
  });

  test('a successor has the same rights, and the old one is over', async () => {
    const { token: old, ...first } = await ann.make({ expires_in_days: 5, scopes: ['things:write'] });
    const { status, headers, body } = await ann.session.call('POST', `/me/pats/${first.id}/rotate`);
    const { token, ...second } = body;
    expect({ status, location: headers.get('location') }).toEqual({
      status: 201,
      location: `/api/v1/me/pats/${second.id}`,
    });
    const { name, scopes, audience, format } = first;
    expect(second).toMatchObject({ name, scopes, audience, format, status: 'live' });
    expect(days(second)).toBe(5);
    expect(token).not.toBe(old);
    expect((await ann.session.call('GET', `/me/pats/${first.id}`)).body).toMatchObject({
      status: 'replaced',
      replaced_at: expect.any(String),
    });
    expect((await ann.session.call('POST', `/me/pats/${first.id}/rotate`)).status).toBe(409);
    const kept = await ann.session.call('POST', `/me/pats/${second.id}/rotate`, { overlap: 60 });
    expect(kept.status).toBe(201);
    expect((await ann.session.call('GET', `/me/pats/${second.id}`)).body.status).toBe('live');
    for (const overlap of [-1, 86_401]) {
      expect((await ann.session.call('POST', `/me/pats/${kept.body.id}/rotate`, { overlap })).status).toBe(422);
    }
  });

  test('is nothing that a personal access token can do', async () => {
    const person = await somebody(world());
    const { token, id } = await makeOwn(person, 'account:read', 'account:write');
    const headers = bearer(token);
    const attempts: [method: string, path: string, body?: object][] = [
      ['POST', '/me/pats', { name: 'x', scopes: ['account:write'], audience: OWN_API }],
      ['POST', `/me/pats/${id}/rotate`],
      ['POST', '/me/password', { current_password: person.user.password, new_password: 'quite another one 42' }],
      ['PATCH', '/me', { email: 'thief@example.com' }],
      ['PATCH', '/me', { email: null, name: 'Thief' }],
      ['POST', '/me/totp', {}],
      ['POST', '/me/passkeys', {}],
      ['POST', '/me/recovery-codes'],
      ['DELETE', '/me/authenticators/password'],
      ['PATCH', '/me/authenticators/x', { name: 'x' }],
      ['GET', '/session'],
      ['DELETE', '/session'],
      ['GET', '/users'],
      ['GET', '/pats'],
      ['POST', '/pats', { user_id: person.user.id, name: 'x', scopes: ['account:write'], audience: OWN_API }],
    ];
    for (const [method, path, body] of attempts) {
      const { status } = await request(world(), method, path, { headers, body });
      expect({ method, path, status }).toEqual({ method, path, status: 403 });
    }
    expect((await person.session.call('GET', '/me')).body).toMatchObject({
      email: person.user.email,
      name: person.user.name,
    });
    expect((await person.session.call('GET', '/me/pats')).body.items).toHaveLength(1);
  });
});
