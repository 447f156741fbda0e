import { describe, expect, test } from '@jest/globals';
import { withAdministration } from '../admin/support.ts';
import { type AdminApi, adminApi } from '../support/clients.ts';
import { ENGINES } from '../support/database.ts';
import { eventually } from '../support/eventually.ts';
import { secondInstance, startServer } from '../support/server.ts';
import { AT_FIRST, makePolicy } from './policy.ts';

const AT_A_TIME = 20;

/** Everybody changes another member of the same object at the same moment. */
async function expectAllToLand(apis: readonly AdminApi[]): Promise<void> {
  const [first] = apis as [AdminApi];
  const { id } = await makePolicy(first);
  await eventually(async () => (await get(apis, id)).every(({ status }) => status === 200));
  const answers = await Promise.all(
    Array.from({ length: AT_A_TIME }, (_, i) =>
      apis[i % apis.length]?.patch(`/auth-policies/${id}`, { tags: { [`n${i}`]: i } }),
    ),
  );
  expect(answers.map((answer) => answer?.status)).toEqual(Array(AT_A_TIME).fill(200));
  const all = Object.fromEntries(Array.from({ length: AT_A_TIME }, (_, i) => [`n${i}`, i]));
  await eventually(async () => {
    const tags = (await get(apis, id)).map(({ body }) => Object.keys(body.tags).length);
    return tags.every((count) => count === AT_A_TIME);
  });
  for (const { body } of await get(apis, id)) expect(body.tags).toEqual(all);
}

const get = (apis: readonly AdminApi[], id: string) => Promise.all(apis.map((api) => api.get(`/auth-policies/${id}`)));

describe.each(ENGINES)('a change of a policy on %s', (engine) => {
  const administration = withAdministration(engine);

  test('touches nothing that it does not name, at any depth (RFC 7396)', async () => {
    const { api } = administration();
    const { id } = await makePolicy(api, {
      name: 'Mine',
      tags: { team: 'blue', floor: 3 },
      primary: { updb: { min_password_length: 15, max_attempts: 3 } },
      secondary: { require_totp: true },
      session: { idle_timeout: 600, lifetime: 3_600 },
    });
    const { status, body } = await api.patch(`/auth-policies/${id}`, {
      tags: { floor: null, city: 'Bern' },
      primary: { updb: { max_attempts: 5 } },
      session: { lifetime: 7_200 },
    });
    expect(status).toBe(200);
    expect(body).toMatchObject({
      name: 'Mine',
      primary: {
        ...AT_FIRST.primary,
        updb: { ...AT_FIRST.primary.updb, min_password_length: 15, max_attempts: 5 },
      },
      secondary: { ...AT_FIRST.secondary, require_totp: true },
      session: { idle_timeout: 600, lifetime: 7_200 },
    });
    expect(body.tags).toEqual({ team: 'blue', city: 'Bern' });
    expect(Date.parse(body.updated_at)).toBeGreaterThan(Date.parse(body.created_at));
    expect(await api.get(`/auth-policies/${id}`)).toMatchObject({ status: 200, body });
  });

  test('that says null takes a member back to what it was at first', async () => {
    const { api } = administration();
    const { id } = await makePolicy(api, {
      primary: { updb: { min_password_length: 20, max_attempts: 3 }, ext_jwt: { allowed_signers: [] } },
      secondary: { require_any: true, allow_enrollment: false },
    });
    const { body } = await api.patch(`/auth-policies/${id}`, {
      primary: { updb: { min_password_length: null }, ext_jwt: { allowed_signers: null } },
      secondary: null,
    });
    expect(body.primary).toEqual({ ...AT_FIRST.primary, updb: { ...AT_FIRST.primary.updb, max_attempts: 3 } });
    expect(body.secondary).toEqual(AT_FIRST.secondary);
    expect(await api.patch(`/auth-policies/${id}`, { name: null })).toMatchObject({
      status: 400,
      body: { errors: [{ path: 'name' }] },
    });
  });

  test('is judged by what comes of it, not by what it says', async () => {
    const { api } = administration();
    const { id } = await makePolicy(api, { primary: { webauthn: { allowed: false } } });
    const refused = await api.patch(`/auth-policies/${id}`, { primary: { updb: { allowed: false } } });
    expect(refused).toMatchObject({ status: 422, body: { errors: [{ path: 'primary' }] } });
    const swapped = { primary: { updb: { allowed: false }, webauthn: { allowed: true } } };
    expect(await api.patch(`/auth-policies/${id}`, swapped)).toMatchObject({ status: 200, body: swapped });
  });

  test('is not lost to another one of the same moment', async () => {
    await expectAllToLand([administration().api]);
  });
});

const onPostgres = ENGINES.includes('postgres') ? describe : describe.skip;

onPostgres('policies of two instances on one database', () => {
  test('are the same soon, and no change of either is lost', async () => {
    const one = await startServer({ engine: 'postgres' });
    const two = await secondInstance(one);
    const apis = [await adminApi(one), await adminApi(two)] as const;
    const [here, there] = apis;
    await there.get('/auth-policies/default');

    const { id } = await makePolicy(here, { name: 'News' });
    await eventually(async () => (await there.get(`/auth-policies/${id}`)).status === 200);
    await here.patch(`/auth-policies/${id}`, { name: 'Newer' });
    await eventually(async () => (await there.get(`/auth-policies/${id}`)).body.name === 'Newer');
    await expectAllToLand(apis);
    await here.delete(`/auth-policies/${id}`);
    await eventually(async () => (await there.get(`/auth-policies/${id}`)).status === 404);
  });
});
