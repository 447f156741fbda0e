import { beforeAll, describe, expect, test } from '@jest/globals';
import { token as ask, authorize, granted, isActive, post, refreshed, signInFor } from '../endpoints/protocol.ts';
import {
  adminApi,
  type RegisteredClient,
  type RegisteredUser,
  registerApi,
  registerClient,
  registerMachine,
  registerUser,
} from '../support/clients.ts';
import { ENGINES } from '../support/database.ts';
import { eventually } from '../support/eventually.ts';
import { withAdministration } from './support.ts';

const FORMATS = ['things:read', 'jwt:read'] as const;

describe.each(ENGINES)('/tokens on %s', (engine) => {
  const administration = withAdministration(engine);
  let app: RegisteredClient;
  let identifier: string;

  beforeAll(async () => {
    const { api } = administration();
    ({ identifier } = await registerApi(api));
    await registerApi(api, { scopes: [{ name: 'jwt:read', description: 'See' }], access_token_format: 'jwt' });
    app = await registerClient(api, { scope: 'openid things:read jwt:read', first_party: true });
  });

  const server = () => administration().server;
  const get = async (path: string) => (await administration().api.get(path)).body;
  const revoke = (body: object) => administration().api.post('/tokens/revoke', body);
  const active = (value: string, as = app) => isActive(server(), value, as);
  const newUser = () => registerUser(administration().api);
  const signedIn = (user: RegisteredUser, scope: string = 'things:read') => signInFor(server(), app, user, { scope });

  async function machineTokens(count: number, scope: string = 'things:read') {
    const machine = await registerMachine(administration().api, scope);
    const values: string[] = [];
    for (let i = 0; i < count; i += 1) {
      const answer = await ask(server(), { grant_type: 'client_credentials', scope }, { as: machine });
      values.push(granted(answer).access_token);
    }
    return { machine, values };
  }

  test('shows what is known of a token, and nothing that opens anything', async () => {
    const { machine, values } = await machineTokens(1);
    const { items } = await get(`/tokens?client_id=${machine.client_id}`);
    expect(items).toEqual([
      {
        id: expect.stringMatching(/^[0-9a-f]{64}$/),
        kind: 'access_token',
        client_id: machine.client_id,
        user_id: null,
        grant_id: null,
        scope: 'things:read',
        audience: identifier,
        format: 'opaque',
        grant_type: 'client_credentials',
        issued_at: expect.any(String),
        expires_at: expect.any(String),
        status: 'live',
        last_used_at: null,
      },
    ]);
    const [shown] = items;
    expect(Date.parse(shown.expires_at) - Date.parse(shown.issued_at)).toBe(3_600_000);
    expect(await get(`/tokens/${shown.id}`)).toEqual(shown);
    expect(await active(shown.id, machine)).toBe(false);
    expect(await revoke({ token: shown.id })).toMatchObject({ status: 200, body: { revoked: 0 } });
    expect(await active(values[0] as string, machine)).toBe(true);
  });

  test('tells live, consumed, revoked and expired apart, and lists by each of them', async () => {
    const user = await newUser();
    const first = await signedIn(user);
    granted(await refreshed(server(), first.refresh_token, app));
    const of = async (filter: string) =>
      (await get(`/tokens?user_id=${user.id}&${filter}`)).items
        .map((item: any) => `${item.kind} ${item.status}`)
        .sort();
    expect(await of('status=live')).toEqual(['access_token live', 'refresh_token live']);
    expect(await of('status=consumed')).toEqual(['authorization_code consumed', 'refresh_token consumed']);
    expect(await of('status=revoked')).toEqual(['access_token revoked']);
    expect(await of('kind=refresh_token')).toEqual(['refresh_token consumed', 'refresh_token live']);
    expect(await of(`client_id=${app.client_id}`)).toHaveLength(5);
    expect(await of('client_id=nobody')).toEqual([]);

    const brief = await registerMachine(administration().api, 'things:read', { access_token_ttl: 1 });
    granted(await ask(server(), { grant_type: 'client_credentials', scope: 'things:read' }, { as: brief }));
    const statuses = async () =>
      (await get(`/tokens?client_id=${brief.client_id}`)).items.map((one: any) => one.status);
    await eventually(async () => (await statuses())[0] === 'expired');
  });

  test('is paged newest first, and what is issued meanwhile moves nothing', async () => {
    const { machine } = await machineTokens(5);
    const path = `/tokens?client_id=${machine.client_id}`;
    const whole: string[] = (await get(path)).items.map(({ id }: any) => id);
    expect(whole).toHaveLength(5);
    const paged: string[] = [];
    let cursor = '';
    do {
      const page = await get(`${path}&limit=2${cursor && `&cursor=${cursor}`}`);
      paged.push(...page.items.map(({ id }: any) => id));
      granted(await ask(server(), { grant_type: 'client_credentials', scope: 'things:read' }, { as: machine }));
      cursor = page.next_cursor;
    } while (cursor);
    expect(paged).toEqual(whole);
  });

  test.each(FORMATS)('revokes an access token for %s by its value or by its id, once', async (scope) => {
    const { machine, values } = await machineTokens(3, scope);
    const [byValue, byId, other] = values as [string, string, string];
    expect(await revoke({ token: byValue })).toMatchObject({ status: 200, body: { revoked: 1 } });
    expect(await revoke({ token: byValue })).toMatchObject({ status: 200, body: { revoked: 0 } });
    const { items } = await get(`/clients/${machine.client_id}/tokens`);
    expect(items).toHaveLength(2);
    expect(await revoke({ id: items[1].id })).toMatchObject({ status: 200, body: { revoked: 1 } });
    expect(await revoke({ id: items[1].id })).toMatchObject({ status: 200, body: { revoked: 0 } });
    expect((await get(`/tokens/${items[1].id}`)).status).toBe('revoked');
    expect([await active(byValue, machine), await active(byId, machine), await active(other, machine)]).toEqual([
      false,
      false,
      true,
    ]);
  });

  test.each(FORMATS)(
    'of an access token for %s leaves its refresh token, unless the grant is asked for',
    async (scope) => {
      const user = await newUser();
      const first = await signedIn(user, scope);
      expect(await revoke({ token: first.access_token })).toMatchObject({ body: { revoked: 1 } });
      expect(await active(first.access_token)).toBe(false);
      const second = granted(await refreshed(server(), first.refresh_token, app));
      expect(await active(second.access_token)).toBe(true);
      expect(await revoke({ token: second.access_token, grant: true })).toMatchObject({ body: { revoked: 2 } });
      expect(await active(second.access_token)).toBe(false);
      expect(await refreshed(server(), second.refresh_token, app)).toMatchObject({ body: { error: 'invalid_grant' } });
    },
  );

  test('of a refresh token, used or not, ends its family (RFC 7009 §2.1) and no other', async () => {
    const user = await newUser();
    const other = await signedIn(user);
    const first = await signedIn(user);
    const second = granted(await refreshed(server(), first.refresh_token, app));
    expect(await revoke({ token: first.refresh_token })).toMatchObject({ body: { revoked: 2 } });
    expect(await active(second.access_token)).toBe(false);
    expect(await refreshed(server(), second.refresh_token, app)).toMatchObject({ body: { error: 'invalid_grant' } });
    expect(await active(other.access_token)).toBe(true);
  });

  test('all of a client are revoked at once: access tokens, refresh tokens and codes not yet exchanged', async () => {
    const { api } = administration();
    const client = await registerClient(api, { scope: 'openid things:read jwt:read', first_party: true });
    const [one, other] = [await newUser(), await newUser()];
    const tokens = [
      await signInFor(server(), client, one, { scope: 'things:read' }),
      await signInFor(server(), client, other, { scope: 'jwt:read' }),
    ];
    const code = await authorize(server(), client, one);
    expect(await api.delete(`/clients/${client.client_id}/tokens`)).toMatchObject({
      status: 200,
      body: { revoked: 5 },
    });
    expect(await api.delete(`/clients/${client.client_id}/tokens`)).toMatchObject({
      status: 200,
      body: { revoked: 0 },
    });
    for (const { access_token, refresh_token } of tokens) {
      expect(await active(access_token, client)).toBe(false);
      expect(await refreshed(server(), refresh_token, client)).toMatchObject({ body: { error: 'invalid_grant' } });
    }
    expect(await ask(server(), code, { as: client })).toMatchObject({ status: 400, body: { error: 'invalid_grant' } });
    expect((await get(`/clients/${client.client_id}/tokens`)).items).toEqual([]);
    const again = await signInFor(server(), client, one, { scope: 'things:read' });
    expect(await active(again.access_token, client)).toBe(true);
  });

  test('all of a user are revoked at once, and nobody else is touched', async () => {
    const { api } = administration();
    const [user, other] = [await newUser(), await newUser()];
    const [first, second, kept] = [await signedIn(user), await signedIn(user, 'jwt:read'), await signedIn(other)];
    expect((await get(`/users/${user.id}/tokens`)).items).toHaveLength(4);
    expect(await api.delete(`/users/${user.id}/tokens`)).toMatchObject({ status: 200, body: { revoked: 4 } });
    for (const { access_token } of [first, second]) expect(await active(access_token)).toBe(false);
    expect(await refreshed(server(), first.refresh_token, app)).toMatchObject({ body: { error: 'invalid_grant' } });
    expect(await active(kept.access_token)).toBe(true);
  });

  test('one of a client or user is revoked below it, and only there', async () => {
    const { api } = administration();
    const user = await newUser();
    const { access_token } = await signedIn(user);
    const { items } = await get(`/users/${user.id}/tokens`);
    const { id } = items.find(({ kind }: any) => kind === 'access_token');
    const other = await newUser();
    expect(await api.delete(`/users/${other.id}/tokens/${id}`)).toMatchObject({ status: 404 });
    expect(await active(access_token)).toBe(true);
    expect(await api.delete(`/clients/${app.client_id}/tokens/${id}`)).toMatchObject({ status: 204 });
    expect(await active(access_token)).toBe(false);
  });

  test('grants are listed and ended, one or all, with all that came of them', async () => {
    const { api } = administration();
    const user = await newUser();
    const [one, other] = [await signedIn(user), await signedIn(user)];
    const path = `/users/${user.id}/grants`;
    const { items } = await get(path);
    expect(items.length).toBeGreaterThan(0);
    expect(items[0]).toMatchObject({
      client_id: app.client_id,
      resources: [{ identifier, scope: expect.stringContaining('things:read') }],
    });
    const page = await get(`${path}?limit=1`);
    expect(page.items).toEqual(items.slice(0, 1));
    const ofGrant = (await get(`/tokens?grant_id=${items[0].id}&status=live`)).items;
    expect(ofGrant.length).toBeGreaterThan(0);
    for (const item of ofGrant) expect(item).toMatchObject({ grant_id: items[0].id, user_id: user.id });

    expect(await api.delete(`${path}/${items[0].id}`)).toMatchObject({ status: 204 });
    expect(await api.delete(`${path}/${items[0].id}`)).toMatchObject({ status: 404 });
    expect((await get(`/tokens?grant_id=${items[0].id}&status=live`)).items).toEqual([]);
    expect(await api.delete(path)).toMatchObject({ status: 204 });
    expect((await get(path)).items).toEqual([]);
    for (const { access_token } of [one, other]) expect(await active(access_token)).toBe(false);
    expect(await api.delete(`/users/${(await newUser()).id}/grants/${items[0].id}`)).toMatchObject({ status: 404 });
  });

  test('a client id chosen again after deletion does not bring back the tokens of the first one', async () => {
    const { api } = administration();
    const machine = { client_id: `again-${Date.now()}`, token_endpoint_auth_method: 'client_secret_basic' };
    const first = await registerMachine(api, 'things:read', machine);
    const asked = await ask(server(), { grant_type: 'client_credentials', scope: 'things:read' }, { as: first });
    const { access_token } = granted(asked);
    expect(await active(access_token, first)).toBe(true);
    expect(await api.delete(`/clients/${first.client_id}`)).toMatchObject({ status: 204 });
    const second = await registerMachine(api, 'things:read', machine);
    expect(await active(access_token, second)).toBe(false);
    expect((await get(`/clients/${second.client_id}/tokens`)).items).toEqual([]);
  });

  test('what is no token of ours revokes nothing; an unknown id, client or user is 404', async () => {
    const { api } = administration();
    for (const token of ['x', 'a.b.c', `~${'0'.repeat(64)}~${'A'.repeat(43)}`, 'x'.repeat(9_000)]) {
      expect(await revoke({ token })).toMatchObject({ status: 200, body: { revoked: 0 } });
    }
    const { values } = await machineTokens(1, 'jwt:read');
    const { jti } = JSON.parse(Buffer.from((values[0] as string).split('.')[1] ?? '', 'base64url').toString());
    expect(await revoke({ token: jti })).toMatchObject({ status: 200, body: { revoked: 0 } });
    for (const id of ['x', '0'.repeat(64), '0'.repeat(63)]) {
      expect(await revoke({ id })).toMatchObject({ status: 404 });
      expect(await api.get(`/tokens/${id}`)).toMatchObject({ status: 404 });
    }
    for (const path of ['/clients/nobody/tokens', `/users/${crypto.randomUUID()}/tokens`, '/users/x/grants']) {
      expect(await api.get(path)).toMatchObject({ status: 404 });
      expect(await api.delete(path)).toMatchObject({ status: 404 });
    }
  });

  test.each<[what: string, body: unknown, status: number]>([
    ['nothing', {}, 422],
    ['both', { token: 'x', id: 'y' }, 422],
    ['a number', { token: 1 }, 400],
    ['an unknown member', { token: 'x', reason: 'y' }, 400],
    ['an empty value', { token: '' }, 422],
    ['an array', [], 400],
    ['a megabyte', { token: 'x'.repeat(1 << 20) }, 413],
  ])('a revocation of %s is refused', async (_what, body, status) => {
    expect(await revoke(body as object)).toMatchObject({ status });
  });

  test.each([
    'user_id=x',
    'kind=id_token',
    'kind=pushed_authorization_request',
    'status=dead',
    'limit=0',
    'limit=501',
    'cursor=x',
    'cursor=MQ',
    'colour=red',
    `client_id=${'x'.repeat(129)}`,
  ])('a list with ?%s is 400', async (query) => {
    const answer = await administration().api.get(`/tokens?${query}`);
    expect(answer).toMatchObject({ status: 400, body: { errors: [{ path: query.split('=')[0] }] } });
  });

  test('needs tokens:read to see and tokens:write to revoke', async () => {
    const reader = await adminApi(server(), 'tokens:read');
    expect(await reader.get('/tokens')).toMatchObject({ status: 200 });
    expect(await reader.post('/tokens/revoke', { token: 'x' })).toMatchObject({ status: 403 });
    expect(await reader.delete(`/clients/${app.client_id}/tokens`)).toMatchObject({ status: 403 });
    const stranger = await adminApi(server(), 'clients:write users:write');
    expect(await stranger.get('/tokens')).toMatchObject({ status: 403 });
    expect(await stranger.get(`/clients/${app.client_id}/tokens`)).toMatchObject({ status: 403 });
  });

  test('its own access token can be revoked: the next request is refused', async () => {
    const other = await adminApi(server());
    expect(await other.post('/tokens/revoke', { token: other.token })).toMatchObject({ body: { revoked: 1 } });
    expect(await other.get('/tokens')).toMatchObject({ status: 401 });
    expect(await post(server(), '/oauth/introspect', { token: other.token }, { as: app })).toMatchObject({
      status: 200,
    });
  });
});
