import { describe, expect, test } from '@jest/globals';
import { registerClient, registerMachine } from '../support/clients.ts';
import { ENGINES } from '../support/database.ts';
import { tokenStatus, withAdministration } from './support.ts';

describe.each(ENGINES)('/clients on %s', (engine) => {
  const administration = withAdministration(engine);
  const web = { redirect_uris: ['https://app.example/callback'] };

  test('a new client is a confidential web application for the code flow, and its secret is shown once', async () => {
    const { api } = administration();
    const { status, headers, body } = await api.post('/clients', {
      ...web,
      client_name: 'Shop',
      metadata: { team: 'a' },
    });
    expect(status).toBe(201);
    expect(body).toMatchObject({
      client_name: 'Shop',
      grant_types: ['authorization_code'],
      response_types: ['code'],
      token_endpoint_auth_method: 'client_secret_basic',
      require_pkce: true,
      metadata: { team: 'a' },
      access_token_ttl: null,
      first_party: false,
      disabled: false,
      client_secret: expect.stringMatching(/^[\w-]{43}$/),
      created_at: expect.stringMatching(/^\d{4}-\d\d-\d\dT[\d:.]+Z$/),
    });
    expect(headers.get('location')).toBe(`/api/v1/clients/${body.client_id}`);
    const { client_secret, ...shownAgain } = body;
    expect(await api.get(`/clients/${body.client_id}`)).toMatchObject({ status: 200, body: shownAgain });
    expect((await api.get(`/clients/${body.client_id}`)).body).not.toHaveProperty('client_secret');
  });

  test('a client_id may be chosen, once', async () => {
    const { api } = administration();
    expect(await registerMachine(api, 'admin', { client_id: 'nightly.build' })).toMatchObject({
      client_id: 'nightly.build',
    });
    expect(await api.post('/clients', { ...web, client_id: 'nightly.build' })).toMatchObject({ status: 409 });
  });

  test('a public client gets no secret', async () => {
    const { api } = administration();
    const { body } = await api.post('/clients', { ...web, token_endpoint_auth_method: 'none' });
    expect(body).not.toHaveProperty('client_secret');
    expect(await api.post(`/clients/${body.client_id}/secrets`)).toMatchObject({ status: 422 });
  });

  test('a merge patch changes what it names, null takes away, objects are merged (RFC 7396)', async () => {
    const { api } = administration();
    const { client_id } = await registerClient(api, { metadata: { a: 1, b: { c: 2 } }, access_token_ttl: 60 });
    const patched = await api.patch(`/clients/${client_id}`, {
      client_name: null,
      access_token_ttl: null,
      metadata: { a: null, b: { d: 3 } },
    });
    expect(patched).toMatchObject({ status: 200, body: { access_token_ttl: null, scope: expect.any(String) } });
    expect(patched.body).not.toHaveProperty('client_name');
    expect(patched.body.metadata).toEqual({ b: { c: 2, d: 3 } });
  });

  test('changes made at the same moment are all there afterwards', async () => {
    const { api } = administration();
    const { client_id } = await registerClient(api);
    const changes = ['a', 'b', 'c', 'd'].map((name) =>
      api.patch(`/clients/${client_id}`, { metadata: { [name]: true } }),
    );
    const accepted = (await Promise.all(changes)).filter(({ status }) => status === 200);
    const { body } = await api.get(`/clients/${client_id}`);
    expect(Object.keys(body.metadata)).toHaveLength(accepted.length);
    expect(accepted.length).toBeGreaterThan(0);
  });

  test('a patch that would break a rule changes nothing', async () => {
    const { api } = administration();
    const { client_id } = await registerClient(api);
    const before = (await api.get(`/clients/${client_id}`)).body;
    const refused = await api.patch(`/clients/${client_id}`, {
      token_endpoint_auth_method: 'none',
      require_pkce: false,
    });
    expect(refused).toMatchObject({ status: 422, body: { errors: [{ path: 'require_pkce' }] } });
    expect((await api.get(`/clients/${client_id}`)).body).toEqual(before);
  });

  test('a disabled or deleted client gets no more tokens', async () => {
    const { api } = administration();
    const { client_id, client_secret } = await registerMachine(api, 'clients:read');
    expect(await tokenStatus(administration(), client_id, client_secret)).not.toBe(401);
    await api.patch(`/clients/${client_id}`, { disabled: true });
    expect(await tokenStatus(administration(), client_id, client_secret)).toBe(401);
    await api.patch(`/clients/${client_id}`, { disabled: false });
    expect(await api.delete(`/clients/${client_id}`)).toMatchObject({ status: 204, body: undefined });
    expect(await tokenStatus(administration(), client_id, client_secret)).toBe(401);
    expect(await api.delete(`/clients/${client_id}`)).toMatchObject({ status: 404 });
  });

  test.each([
    ['authorization_code needs a redirect URI', {}, 'redirect_uris'],
    [
      'client_credentials needs a client that authenticates',
      { grant_types: ['client_credentials'], token_endpoint_auth_method: 'none' },
      'grant_types',
    ],
    [
      'only confidential clients may go without PKCE',
      { ...web, token_endpoint_auth_method: 'none', require_pkce: false },
      'require_pkce',
    ],
    ['private_key_jwt needs keys', { ...web, token_endpoint_auth_method: 'private_key_jwt' }, 'jwks'],
    [
      'private keys are refused',
      { ...web, jwks: { keys: [{ kty: 'OKP', crv: 'Ed25519', x: 'AA', d: 'AA' }] } },
      'jwks.keys.0',
    ],
    ['implicit is no grant type here', { ...web, grant_types: ['implicit'] }, 'grant_types.0'],
    ['a name cannot turn its reader around', { ...web, client_name: 'bank\u202Eexe' }, 'client_name'],
    ['a scope is separated by single spaces', { ...web, scope: 'a  b' }, 'scope'],
  ])('%s', async (_rule, wanted, path) => {
    const { status, body } = await administration().api.post('/clients', wanted);
    expect({ status, paths: body.errors.map((error: { path: string }) => error.path) }).toEqual({
      status: 422,
      paths: [path],
    });
  });

  test('a list goes through every client once, though clients come and go meanwhile', async () => {
    const { api } = administration();
    const before = new Set<string>();
    for (let i = 0; i < 5; i += 1) before.add((await registerClient(api)).client_id);
    const [removed = ''] = before;
    const seen: string[] = [];
    let cursor = '';
    do {
      const { body } = await api.get(`/clients?limit=2${cursor && `&cursor=${cursor}`}`);
      seen.push(...body.items.map((client: { client_id: string }) => client.client_id));
      if (!cursor) await api.delete(`/clients/${removed}`);
      if (!cursor) await registerClient(api);
      cursor = body.next_cursor;
    } while (cursor);
    expect(new Set(seen).size).toBe(seen.length);
    before.delete(removed);
    expect(seen).toEqual(expect.arrayContaining([...before]));
  });

  test('shows the lifetimes that count, its own or the defaults of the server', async () => {
    const { api } = administration();
    const defaults = {
      access_token_ttl: 3_600,
      refresh_token_ttl: 14 * 86_400,
      refresh_token_absolute_ttl: 365 * 86_400,
      refresh_token_grace: 10,
      authorization_code_ttl: 60,
    };
    const { client_id, effective } = await registerClient(api);
    expect(effective).toEqual(defaults);
    const own = { access_token_ttl: 300, refresh_token_ttl: 7_200, refresh_token_grace: 0 };
    const { body } = await api.patch(`/clients/${client_id}`, own);
    expect(body).toMatchObject({ ...own, effective: { ...defaults, ...own } });
    expect(await api.patch(`/clients/${client_id}`, { effective: {} })).toMatchObject({ status: 400 });
  });
});
