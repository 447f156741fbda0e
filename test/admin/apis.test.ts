import { describe, expect, test } from '@jest/globals';
import { registerApi } from '../support/clients.ts';
import { ENGINES } from '../support/database.ts';
import { withAdministration } from './support.ts';

describe.each(ENGINES)('/apis on %s', (engine) => {
  const administration = withAdministration(engine);
  const at = (identifier: string) => `/apis/${encodeURIComponent(identifier)}`;

  test('an API is found by its identifier as an exact string (RFC 8707 §2)', async () => {
    const { api } = administration();
    const { status, headers, body } = await api.post('/apis', {
      identifier: 'https://orders.example/v1',
      name: 'Orders',
    });
    expect(status).toBe(201);
    expect(body).toMatchObject({ scopes: [], access_token_format: 'opaque', signing_alg: 'ES256', built_in: false });
    expect(headers.get('location')).toBe('/api/v1/apis/https%3A%2F%2Forders.example%2Fv1');
    expect(await api.get(at('https://orders.example/v1'))).toMatchObject({ status: 200, body });
    expect(await api.get(at('https://orders.example/v1/'))).toMatchObject({ status: 404 });
    expect(await api.post('/apis', { identifier: 'https://orders.example/v1', name: 'Again' })).toMatchObject({
      status: 409,
    });
  });

  test('is changed by a merge patch and deleted', async () => {
    const { api } = administration();
    const { identifier } = await registerApi(api);
    const change = {
      access_token_format: 'jwt',
      signing_alg: 'RS256',
      access_token_ttl: 300,
      introspection_clients: ['gateway'],
    };
    expect(await api.patch(at(identifier), change)).toMatchObject({ status: 200, body: { ...change, name: 'Things' } });
    expect(await api.patch(at(identifier), { identifier: 'https://other.example/' })).toMatchObject({ status: 400 });
    expect(await api.delete(at(identifier))).toMatchObject({ status: 204 });
    expect(await api.get(at(identifier))).toMatchObject({ status: 404 });
  });

  test('the built-in API cannot be changed or deleted', async () => {
    const { api } = administration();
    const { body } = await api.get('/apis');
    const builtIn = body.items.find((one: { built_in: boolean }) => one.built_in);
    expect(await api.patch(at(builtIn.identifier), { name: 'Mine' })).toMatchObject({ status: 409 });
    expect(await api.delete(at(builtIn.identifier))).toMatchObject({ status: 409 });
  });

  test.each([
    ['a relative identifier', { identifier: 'orders' }, 422, 'identifier'],
    ['an identifier with a fragment', { identifier: 'https://a.example/#x' }, 422, 'identifier'],
    ['a scope of OpenID Connect', { scopes: [{ name: 'openid' }] }, 422, 'scopes.0.name'],
    ['a scope of the admin API', { scopes: [{ name: 'ok' }, { name: 'admin' }] }, 422, 'scopes.1.name'],
    ['a scope that is two', { scopes: [{ name: 'a b' }] }, 422, 'scopes.0.name'],
    ['one scope twice', { scopes: [{ name: 'a' }, { name: 'a' }] }, 422, 'scopes.1.name'],
    ['EdDSA by its old name', { signing_alg: 'EdDSA' }, 422, 'signing_alg'],
    ['a lifetime of nothing', { access_token_ttl: 0 }, 422, 'access_token_ttl'],
    ['an unknown member of a scope', { scopes: [{ name: 'a', title: 'A' }] }, 400, 'scopes.0.title'],
  ])('%s is refused', async (_what, wrong, status, path) => {
    const wanted = { identifier: 'https://refused.example/', name: 'Refused', ...wrong };
    const answer = await administration().api.post('/apis', wanted);
    expect(answer).toMatchObject({ status, body: { errors: [{ path }] } });
  });

  test('shows the lifetime that counts, its own or the default of the server', async () => {
    const { api } = administration();
    const { identifier, effective } = await registerApi(api);
    expect(effective).toEqual({ access_token_ttl: 3_600 });
    const { body } = await api.patch(at(identifier), { access_token_ttl: 60 });
    expect(body).toMatchObject({ access_token_ttl: 60, effective: { access_token_ttl: 60 } });
  });
});
