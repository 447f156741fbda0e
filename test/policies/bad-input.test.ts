import { beforeAll, describe, expect, test } from '@jest/globals';
import { send, withAdministration } from '../admin/support.ts';
import { ENGINES } from '../support/database.ts';
import { makePolicy } from './policy.ts';

const YEAR = 31_536_000;
const updb = (members: object) => ({ primary: { updb: members } });
const MAY_BE_PATCHED: [what: string, members: object, status: number, path: string][] = [
  ['no way in', { primary: { updb: { allowed: false }, webauthn: { allowed: false } } }, 422, 'primary'],
  [
    'only ways in that nobody can take yet',
    {
      primary: {
        updb: { allowed: false },
        webauthn: { allowed: false },
        cert: { allowed: true },
        ext_jwt: { allowed: true },
      },
    },
    422,
    'primary',
  ],
  ['seven characters', updb({ min_password_length: 7 }), 422, 'primary.updb.min_password_length'],
  ['129 characters', updb({ min_password_length: 129 }), 422, 'primary.updb.min_password_length'],
  ['half a character', updb({ min_password_length: 8.5 }), 400, 'primary.updb.min_password_length'],
  ['a length as text', updb({ min_password_length: '8' }), 400, 'primary.updb.min_password_length'],
  ['less than no guesses', updb({ max_attempts: -1 }), 422, 'primary.updb.max_attempts'],
  ['1001 guesses', updb({ max_attempts: 1001 }), 422, 'primary.updb.max_attempts'],
  ['a lock of negative length', updb({ lockout_duration: -1 }), 422, 'primary.updb.lockout_duration'],
  ['a lock of more than a year', updb({ lockout_duration: YEAR + 1 }), 422, 'primary.updb.lockout_duration'],
  ['a number no database holds', updb({ lockout_duration: 1e300 }), 422, 'primary.updb.lockout_duration'],
  ['a flag as a number', updb({ allowed: 1 }), 400, 'primary.updb.allowed'],
  ['an unknown rule', updb({ min_length: 9 }), 400, 'primary.updb.min_length'],
  ['an unknown method', { primary: { magic: { allowed: true } } }, 400, 'primary.magic'],
  ['a method that is only a flag', { primary: { updb: true } }, 400, 'primary.updb'],
  ['methods as a list', { primary: ['updb'] }, 400, 'primary'],
  [
    'a signer that is not there',
    { primary: { ext_jwt: { allowed_signers: ['okta'] } } },
    422,
    'primary.ext_jwt.allowed_signers',
  ],
  ['a demanded signer', { secondary: { require_ext_jwt_signer: 'okta' } }, 422, 'secondary.require_ext_jwt_signer'],
  ['an unknown demand', { secondary: { require_sms: true } }, 400, 'secondary.require_sms'],
  ['a session of 59 seconds', { session: { idle_timeout: 59, lifetime: 59 } }, 422, 'session.lifetime'],
  ['a session over a year long', { session: { lifetime: YEAR + 1 } }, 422, 'session.lifetime'],
  ['an idle session over a year', { session: { idle_timeout: YEAR + 1 } }, 422, 'session.idle_timeout'],
  ['idling beyond the end', { session: { idle_timeout: 601, lifetime: 600 } }, 422, 'session.idle_timeout'],
  ['endless sessions', { session: { lifetime: 0 } }, 422, 'session.lifetime'],
  ['tokens of no day', { pats: { max_days: 0 } }, 422, 'pats.max_days'],
  ['tokens of 91 days', { pats: { max_days: 91 } }, 422, 'pats.max_days'],
  ['tokens of half a day', { pats: { max_days: 0.5 } }, 400, 'pats.max_days'],
  ['tokens perhaps', { pats: { allowed: 1 } }, 400, 'pats.allowed'],
  ['an unknown member', { colour: 'red' }, 400, 'colour'],
  ['an id of its own', { id: 'mine' }, 400, 'id'],
  ['a time of its own', { created_at: '2020-01-01T00:00:00Z' }, 400, 'created_at'],
  ['an empty name', { name: '' }, 422, 'name'],
  ['a name of 201 characters', { name: 'x'.repeat(201) }, 422, 'name'],
  ['a name that steers a terminal', { name: 'a\u001b[31m' }, 422, 'name'],
  ['a name with NUL', { name: 'a\0' }, 400, 'name'],
  ['tags as a list', { tags: ['a'] }, 400, 'tags'],
  ['tags without end', { tags: { a: 'x'.repeat(9000) } }, 422, 'tags'],
  ['tags with NUL', { tags: { deep: ['\0'] } }, 400, 'tags.deep.0'],
];

describe.each(ENGINES)('a policy on %s is refused', (engine) => {
  const administration = withAdministration(engine);
  let id = '';
  beforeAll(async () => {
    id = (await makePolicy(administration().api, { name: 'Untouched' })).id;
  });

  test.each(MAY_BE_PATCHED)('with %s, when made and when changed', async (_what, members, status, path) => {
    const { api } = administration();
    const expected = { status, body: { errors: expect.arrayContaining([expect.objectContaining({ path })]) } };
    expect(await api.post('/auth-policies', { name: 'Refused', ...members })).toMatchObject(expected);
    expect(await api.patch(`/auth-policies/${id}`, members)).toMatchObject(expected);
    const { body } = await api.get(`/auth-policies/${id}`);
    expect(body).toMatchObject({ name: 'Untouched', updated_at: body.created_at });
  });

  test.each([
    ['without a name', {}, 400, 'name'],
    ['with null for a name', { name: null }, 400, 'name'],
    ['with null for what has a default', { name: 'a', session: null }, 400, 'session'],
  ])('%s, when made', async (_what, body, status, path) => {
    const answer = await administration().api.post('/auth-policies', body);
    expect(answer).toMatchObject({ status, body: { errors: [{ path }] } });
  });

  test('with everything that is wrong named at once', async () => {
    const wrong = {
      primary: { updb: { allowed: false, min_password_length: 1 }, webauthn: { allowed: false } },
      secondary: { require_ext_jwt_signer: 'okta' },
      session: { idle_timeout: 120, lifetime: 60 },
    };
    const { body } = await administration().api.post('/auth-policies', { name: 'Wrong', ...wrong });
    expect(body.errors).toEqual([
      { path: 'primary.updb.min_password_length', message: 'must be 8 to 128' },
      { path: 'primary', message: 'must allow updb or webauthn' },
      {
        path: 'secondary.require_ext_jwt_signer',
        message: 'must be null: no external JWT signers are registered',
      },
      { path: 'session.idle_timeout', message: 'must not be longer than session.lifetime' },
    ]);
  });

  test.each(['..%2fdefault', '%00', 'DEFAULT', 'x'.repeat(2000)])('by an id that is none: %.20s', async (strange) => {
    const { status } = await send(administration(), `/auth-policies/${strange}`, { method: 'GET' });
    expect([400, 404]).toContain(status);
  });
});
