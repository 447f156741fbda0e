import { describe, expect, test } from '@jest/globals';
import { withAdministration } from '../admin/support.ts';
import { type AdminApi, adminApi, registerUser } from '../support/clients.ts';
import { ENGINES } from '../support/database.ts';
import { AT_FIRST, makePolicy } from './policy.ts';

describe.each(ENGINES)('/auth-policies on %s', (engine) => {
  const administration = withAdministration(engine);

  test('there is always one, `default`, which everybody has who is given no other', async () => {
    const { api } = administration();
    const { status, body } = await api.get('/auth-policies/default');
    expect(status).toBe(200);
    expect(body).toMatchObject({ id: 'default', name: 'Default', ...AT_FIRST });
    expect((await api.get('/auth-policies')).body.items[0]).toEqual(body);
  });

  test('a policy of which only the name is said is what `default` was at first', async () => {
    const { api } = administration();
    const { status, headers, body } = await api.post('/auth-policies', { name: 'Staff' });
    expect(status).toBe(201);
    expect(body).toEqual({
      id: expect.stringMatching(/^[\w-]{22}$/),
      name: 'Staff',
      ...AT_FIRST,
      created_at: expect.stringMatching(/Z$/),
      updated_at: body.created_at,
    });
    expect(headers.get('location')).toBe(`/api/v1/auth-policies/${body.id}`);
    expect(await api.get(`/auth-policies/${body.id}`)).toMatchObject({ status: 200, body });
  });

  test('every member can be said, and what is left out of an object is as at first', async () => {
    const { api } = administration();
    const wanted = {
      name: 'Strict 🔐',
      tags: { team: { name: 'blue' }, none: null },
      primary: {
        updb: {
          allowed: false,
          min_password_length: 128,
          require_special_char: true,
          require_number_char: true,
          require_mixed_case: true,
          max_attempts: 0,
          lockout_duration: 0,
        },
        webauthn: { allowed: true },
        cert: { allowed: true, allow_expired_certs: true },
        ext_jwt: { allowed: true, allowed_signers: [] },
      },
      secondary: {
        require_any: true,
        require_totp: true,
        require_webauthn: true,
        require_ext_jwt_signer: null,
        allow_enrollment: false,
      },
      session: { idle_timeout: 60, lifetime: 60 },
    };
    expect(await makePolicy(api, wanted)).toMatchObject(wanted);
    const some = await makePolicy(api, { primary: { updb: { max_attempts: 3 } }, secondary: { require_any: true } });
    expect(some.primary).toEqual({
      ...AT_FIRST.primary,
      updb: { ...AT_FIRST.primary.updb, max_attempts: 3 },
    });
    expect(some.secondary).toEqual({ ...AT_FIRST.secondary, require_any: true });
  });

  test('a policy is deleted once, and then it is gone', async () => {
    const { api } = administration();
    const { id } = await makePolicy(api);
    expect(await api.delete(`/auth-policies/${id}`)).toMatchObject({ status: 204 });
    expect(await api.delete(`/auth-policies/${id}`)).toMatchObject({ status: 404 });
    expect(await api.get(`/auth-policies/${id}`)).toMatchObject({ status: 404 });
    expect(await api.patch(`/auth-policies/${id}`, { name: 'Late' })).toMatchObject({ status: 404 });
  });

  test('`default` can be changed and not deleted', async () => {
    const { api } = administration();
    const changed = await api.patch('/auth-policies/default', { tags: { reviewed: true } });
    expect(changed).toMatchObject({ status: 200, body: { id: 'default', name: 'Default', tags: { reviewed: true } } });
    const refused = await api.delete('/auth-policies/default');
    expect(refused).toMatchObject({ status: 409, body: { detail: 'the default policy cannot be deleted' } });
    await api.patch('/auth-policies/default', { tags: null });
  });

  test('a policy that a user has cannot be deleted', async () => {
    const { api } = administration();
    const { id } = await makePolicy(api);
    const user = await registerUser(api, { policy_id: id });
    const refused = await api.delete(`/auth-policies/${id}`);
    expect(refused).toMatchObject({ status: 409, body: { detail: expect.stringContaining('users have this policy') } });
    expect(await api.delete(`/users/${user.id}`)).toMatchObject({ status: 204 });
    expect(await api.delete(`/auth-policies/${id}`)).toMatchObject({ status: 204 });
  });

  test('are listed in order of creation, page by page, also after changes and deletions', async () => {
    const { api } = administration();
    const made: string[] = [];
    for (let i = 0; i < 4; i++) made.push((await makePolicy(api)).id);
    const [first = '', second = '', third = '', fourth = ''] = made;
    await api.patch(`/auth-policies/${first}`, { name: 'Changed' });
    const { items } = (await api.get('/auth-policies?limit=500')).body;
    const before = items.findIndex(({ id }: { id: string }) => id === first);
    const page = (await api.get(`/auth-policies?limit=${before + 2}`)).body;
    expect(page.items.slice(-2).map(({ id }: { id: string }) => id)).toEqual([first, second]);

    await api.delete(`/auth-policies/${second}`);
    const rest = (await api.get(`/auth-policies?limit=2&cursor=${page.next_cursor}`)).body;
    expect(rest.items.map(({ id }: { id: string }) => id)).toEqual([third, fourth]);
    expect(rest.next_cursor).toBeNull();
  });

  test('are seen by who may read, changed by who may write, and a stranger learns nothing', async () => {
    const { api, server } = administration();
    const { id } = await makePolicy(api);
    const [reader, writer, other] = (await Promise.all([
      adminApi(server, 'policies:read'),
      adminApi(server, 'policies:write'),
      adminApi(server, 'users:write'),
    ])) as [AdminApi, AdminApi, AdminApi];
    const calls: ((by: AdminApi) => Promise<{ status: number }>)[] = [
      (by) => by.get('/auth-policies'),
      (by) => by.get(`/auth-policies/${id}`),
      (by) => by.post('/auth-policies', {}),
      (by) => by.patch(`/auth-policies/${id}`, { colour: 'red' }),
      (by) => by.delete('/auth-policies/default'),
    ];
    const statuses = (by: AdminApi) => Promise.all(calls.map(async (call) => (await call(by)).status));
    expect(await statuses(reader)).toEqual([200, 200, 403, 403, 403]);
    expect(await statuses(writer)).toEqual([200, 200, 400, 400, 409]);
    expect(await statuses(other)).toEqual([403, 403, 403, 403, 403]);
    const answer = await fetch(`${server.url}/api/v1/auth-policies`);
    expect(answer.status).toBe(401);
    await answer.arrayBuffer();
  });
});
