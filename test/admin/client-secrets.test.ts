import { describe, expect, test } from '@jest/globals';
import { registerMachine } from '../support/clients.ts';
import { ENGINES } from '../support/database.ts';
import { eventually } from '../support/eventually.ts';
import { tokenStatus, withAdministration } from './support.ts';

const REFUSED = 401;

describe.each(ENGINES)('/clients/:id/secrets on %s', (engine) => {
  const administration = withAdministration(engine);

  async function machine() {
    const { api } = administration();
    const { client_id, client_secret } = await registerMachine(api, 'clients:read');
    const path = `/clients/${client_id}/secrets`;
    const works = async (secret: string) => (await tokenStatus(administration(), client_id, secret)) !== REFUSED;
    return { api, path, first: client_secret, works };
  }

  test('a new secret ends the one before it at once', async () => {
    const { api, path, first, works } = await machine();
    const { status, body, headers } = await api.post(path);
    expect({ status, old: await works(first), young: await works(body.client_secret) }).toEqual({
      status: 201,
      old: false,
      young: true,
    });
    expect(headers.get('location')).toBe(`/api/v1${path}/${body.id}`);
  });

  test('or after the time it is given: two live at once meanwhile', async () => {
    const { api, path, first, works } = await machine();
    const { body } = await api.post(path, { expires_previous_in: 2 });
    expect([await works(first), await works(body.client_secret)]).toEqual([true, true]);
    await eventually(async () => !(await works(first)));
    expect(await works(body.client_secret)).toBe(true);
  });

  test('a third one has to wait, or end the others', async () => {
    const { api, path } = await machine();
    await api.post(path, { expires_previous_in: 3600 });
    expect(await api.post(path, { expires_previous_in: 3600 })).toMatchObject({ status: 409 });
    expect((await api.get(path)).body.items).toHaveLength(2);
    expect(await api.post(path, { expires_previous_in: 0 })).toMatchObject({ status: 201 });
    expect((await api.get(path)).body.items).toHaveLength(1);
  });

  test('rotations at the same moment never leave three', async () => {
    const { api, path } = await machine();
    const answers = await Promise.all(Array.from({ length: 8 }, () => api.post(path, { expires_previous_in: 3600 })));
    expect(answers.filter(({ status }) => status === 201)).toHaveLength(1);
    expect((await api.get(path)).body.items).toHaveLength(2);
  });

  test('a deleted secret stops working; the list never shows values', async () => {
    const { api, path, first, works } = await machine();
    const [secret] = (await api.get(path)).body.items;
    expect(secret).toEqual({
      id: expect.any(String),
      created_at: expect.any(String),
      expires_at: null,
      last_used_at: null,
    });
    expect(await api.delete(`${path}/${secret.id}`)).toMatchObject({ status: 204 });
    expect(await works(first)).toBe(false);
    expect(await api.delete(`${path}/${secret.id}`)).toMatchObject({ status: 404 });
  });
});
