import { beforeAll, describe, expect, test } from '@jest/globals';
import { decodeJwt } from 'jose';
import { introspect, post } from '../endpoints/protocol.ts';
import {
  type RegisteredApi,
  type RegisteredClient,
  registerApi,
  registerClient,
  registerMachine,
} from '../support/clients.ts';
import { ENGINES } from '../support/database.ts';
import { eventually } from '../support/eventually.ts';
import { remember } from '../support/vault.ts';
import { bearer, mistyped, type Person, somebody, withPats } from './support.ts';

const INACTIVE = { active: false };
const FORMATS = ['opaque', 'jwt'] as const;

describe.each(ENGINES)('personal access tokens at the protocol endpoints, on %s', (engine) => {
  const world = withPats(engine);
  let ann: Person;
  let gateway: RegisteredClient;
  let stranger: RegisteredClient;
  let api: RegisteredApi;

  beforeAll(async () => {
    ann = await somebody(world());
    gateway = await registerMachine(world().api, 'openid');
    stranger = await registerMachine(world().api, 'openid');
    api = await registerApi(world().api, { introspection_clients: [gateway.client_id] });
  });

  const make = (overrides: object = {}) => ann.make({ audience: api.identifier, ...overrides });
  const ask = (token: string, as = gateway, more = {}) => introspect(world().server, token, as, more);
  const asAnybody = { client_id: 'urn:mintmark:account', client_secret: '' } as RegisteredClient;

  test.each(FORMATS)('an API is told exactly this of a %s one', async (format) => {
    const made = await make({ format, scopes: ['things:read', 'things:write'] });
    const exp = Date.parse(made.expires_at) / 1000;
    expect(await ask(made.token)).toEqual({
      active: true,
      sub: ann.user.id,
      username: ann.user.username,
      client_id: 'urn:mintmark:account',
      scope: 'things:read things:write',
      aud: api.identifier,
      iat: exp - 30 * 86_400,
      exp,
      iss: world().server.issuer,
      jti: format === 'jwt' ? decodeJwt(made.token).jti : made.id,
      token_type: 'pat',
    });
    for (const token_type_hint of ['access_token', 'refresh_token', 'pat']) {
      expect(await ask(made.token, gateway, { token_type_hint })).toMatchObject({ active: true, token_type: 'pat' });
    }
  });

  test.each(FORMATS)(
    'says the owner’s name as it is now, and nothing of a %s one while they are disabled',
    async (format) => {
      const bob = await somebody(world());
      const { token } = await bob.make({ audience: api.identifier, format });
      expect(await ask(token)).toMatchObject({ active: true, username: bob.user.username });
      const username = `${bob.user.username}-renamed`;
      await world().api.patch(`/users/${bob.user.id}`, { username });
      expect(await ask(token)).toMatchObject({ active: true, sub: bob.user.id, username });
      await world().api.post(`/users/${bob.user.id}/disable`, { duration: null });
      expect(await ask(token)).toEqual(INACTIVE);
    },
  );

  test.each(FORMATS)('nobody else is told anything of a %s one', async (format) => {
    const { token, id } = await make({ format });
    expect(await ask(token, stranger)).toEqual(INACTIVE);
    // Its own client has no secret: its name is no proof of anything.
    expect(await ask(token, asAnybody)).toEqual(INACTIVE);
    await ann.session.call('DELETE', `/me/pats/${id}`);
    expect(await ask(token, asAnybody)).toEqual(INACTIVE);
    expect(await ask(token)).toEqual(INACTIVE);
  });

  test('neither a mistyped value, nor an id, nor a name of one is one', async () => {
    const [opaque, jwt] = [await make(), await make({ format: 'jwt' })];
    for (const value of [mistyped(opaque.token), opaque.id, decodeJwt(jwt.token).jti as string, `${jwt.token}x`]) {
      expect(await ask(value)).toEqual(INACTIVE);
    }
  });

  test('is cut to the scopes that the API still has, and ends with the last of them', async () => {
    const shrinking = await registerApi(world().api, { introspection_clients: [gateway.client_id] });
    const path = `/apis/${encodeURIComponent(shrinking.identifier)}`;
    const scope = (name: string) => ({ name, description: 'x' });
    const made = await ann.make({ audience: shrinking.identifier, scopes: ['things:read', 'things:write'] });
    await world().api.patch(path, { scopes: [scope('things:write')] });
    expect(await ask(made.token)).toMatchObject({ active: true, scope: 'things:write' });
    await world().api.patch(path, { scopes: [scope('other')] });
    expect(await ask(made.token)).toEqual(INACTIVE);
    await world().api.patch(path, { scopes: [scope('things:read')] });
    expect(await ask(made.token)).toMatchObject({ active: true, scope: 'things:read' });
    await world().api.delete(path);
    expect(await ask(made.token)).toEqual(INACTIVE);
  });

  test('a replaced one that is used after its time ends its successors', async () => {
    const first = await make();
    const second = (await ann.session.call('POST', `/me/pats/${first.id}/rotate`)).body;
    expect(await ask(second.token)).toMatchObject({ active: true });
    expect(await ask(first.token)).toEqual(INACTIVE);
    expect(await ask(second.token)).toEqual(INACTIVE);
  });

  test.each(FORMATS)('who holds a %s one can revoke it there', async (format) => {
    const { token } = await make({ format });
    const revoke = (as: RegisteredClient) => post(world().server, '/oauth/revoke', { token }, { as });
    expect(await revoke(stranger)).toMatchObject({ status: 400, body: { error: 'invalid_request' } });
    expect(await ask(token)).toMatchObject({ active: true });
    expect((await revoke(asAnybody)).status).toBe(200);
    expect(await ask(token)).toEqual(INACTIVE);
    expect((await revoke(asAnybody)).status).toBe(200);
  });

  test('who revokes one there by holding it has said no name, and its owner finds it written down', async () => {
    const bob = await somebody(world());
    const made = await bob.make({ audience: api.identifier, name: 'Left behind' });
    for (let i = 0; i < 2; i += 1)
      await post(world().server, '/oauth/revoke', { token: made.token }, { as: asAnybody });
    const { body } = await world().api.get(`/audit?target=user:${bob.user.id}&actor=anybody&action=pat.revoke`);
    expect(body.items).toMatchObject([
      { outcome: 'success', ip: expect.any(String), data: { token_id: made.id, name: 'Left behind' } },
    ]);
    expect(JSON.stringify(body)).not.toContain(made.token);
  });

  test.each(FORMATS)(
    'a %s one that is good for nothing today can be revoked there, and does not come back',
    async (format) => {
      const changing = await registerApi(world().api, { introspection_clients: [gateway.client_id] });
      const offer = (name: string) =>
        world().api.patch(`/apis/${encodeURIComponent(changing.identifier)}`, { scopes: [{ name, description: 'x' }] });
      const [kept, revoked] = [
        await ann.make({ audience: changing.identifier, format }),
        await ann.make({ audience: changing.identifier, format }),
      ];
      await offer('other');
      expect((await post(world().server, '/oauth/revoke', { token: revoked.token }, { as: asAnybody })).status).toBe(
        200,
      );
      await offer('things:read');
      expect(await ask(kept.token)).toMatchObject({ active: true });
      expect(await ask(revoked.token)).toEqual(INACTIVE);
    },
  );

  test.each(FORMATS)('a replaced %s one that is tidied up there is no theft', async (format) => {
    const first = await make({ format });
    const second = (await ann.session.call('POST', `/me/pats/${first.id}/rotate`)).body;
    remember(second.token);
    expect((await post(world().server, '/oauth/revoke', { token: first.token }, { as: asAnybody })).status).toBe(200);
    expect(await ask(second.token)).toMatchObject({ active: true });
    expect((await ann.session.call('GET', `/me/pats/${first.id}`)).body.status).toBe('replaced');
  });

  test('only an answer that it is active is a use of it', async () => {
    const [asked, used] = [await make({ format: 'jwt' }), await make()];
    const lastUse = async ({ id }: { id: string }) =>
      (await ann.session.call('GET', `/me/pats/${id}`)).body.last_used_at;
    expect(await ask(asked.token, stranger)).toEqual(INACTIVE);
    expect(await ask(decodeJwt(asked.token).jti as string)).toEqual(INACTIVE);
    expect((await post(world().server, '/oauth/revoke', { token: asked.token }, { as: stranger })).status).toBe(400);
    expect(await ask(used.token)).toMatchObject({ active: true });
    await eventually(async () => (await lastUse(used)) !== null, 10_000);
    expect(await lastUse(asked)).toBeNull();
  });

  test('by value administrators revoke it', async () => {
    for (const format of FORMATS) {
      const { token } = await make({ format });
      expect((await world().api.post('/tokens/revoke', { token })).body).toEqual({ revoked: 1 });
      expect(await ask(token)).toEqual(INACTIVE);
      expect((await world().api.post('/tokens/revoke', { token })).body).toEqual({ revoked: 0 });
    }
  });

  test('userinfo and the token endpoint do not take it', async () => {
    const app = await registerClient(world().api);
    for (const format of FORMATS) {
      const { token } = await make({ format });
      const { status } = await fetch(`${world().server.url}/oauth/userinfo`, { headers: bearer(token) });
      expect(status).toBe(401);
      const refresh = { grant_type: 'refresh_token', refresh_token: token };
      expect(await post(world().server, '/oauth/token', refresh, { as: app })).toMatchObject({ status: 400 });
    }
  });
});
