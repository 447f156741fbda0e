import { setTimeout as sleep } from 'node:timers/promises';
import { beforeAll, describe, expect, test } from '@jest/globals';
import { token as ask, authorize, granted, isActive, refreshed, signInFor } from '../endpoints/protocol.ts';
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
import { send, withAdministration } from './support.ts';

describe.each(ENGINES)('/revocation-rules on %s', (engine) => {
  const administration = withAdministration(engine);
  let app: RegisteredClient;
  let api1: string;
  let api2: string;

  beforeAll(async () => {
    const { api } = administration();
    ({ identifier: api1 } = await registerApi(api));
    const jwt = { scopes: [{ name: 'jwt:read', description: 'See' }], access_token_format: 'jwt' };
    ({ identifier: api2 } = await registerApi(api, jwt));
    app = await registerClient(api, { scope: 'openid things:read things:write jwt:read', first_party: true });
  });

  const server = () => administration().server;
  const create = (rule: object) => administration().api.post('/revocation-rules', { reason: 'a test', ...rule });
  const active = (value: string, as = app) => isActive(server(), value, as);
  const newUser = () => registerUser(administration().api);
  const signedIn = (user: RegisteredUser, scope = 'things:read') => signInFor(server(), app, user, { scope });
  const refusedToRefresh = async (value: string) =>
    (await refreshed(server(), value, app)).body.error === 'invalid_grant';

  test('counts without doing anything, then does what it counted', async () => {
    const { api } = administration();
    const user = await newUser();
    const { access_token } = await signedIn(user);
    const rule = { user_id: user.id, reason: 'lost laptop' };
    const counted = await create({ ...rule, dry_run: true });
    expect(counted).toMatchObject({ status: 200, body: { id: null, matches: 2 } });
    expect(counted.headers.get('location')).toBeNull();
    expect(await active(access_token)).toBe(true);

    const begun = Date.now();
    const { status, body, headers } = await create({ ...rule, dry_run: false });
    expect({ status, body }).toEqual({ status: 201, body: { id: expect.any(String), matches: 2 } });
    expect(headers.get('location')).toBe(`/api/v1/revocation-rules/${body.id}`);
    expect(await active(access_token)).toBe(false);

    const { body: shown } = await api.get(`/revocation-rules/${body.id}`);
    expect(shown).toMatchObject({
      ...rule,
      id: body.id,
      client_id: null,
      scope: null,
      audience: null,
      kind: null,
      created_by: `client:${server().admin.client_id}`,
    });
    expect(Date.parse(shown.issued_before)).toBeGreaterThanOrEqual(begun);
    expect(Date.parse(shown.issued_before)).toBeLessThanOrEqual(Date.now());
    expect(Date.parse(shown.expires_at)).toBeGreaterThan(Date.now());
    expect((await api.get('/revocation-rules?limit=500')).body.items).toContainEqual(shown);
    expect(await create(rule)).toMatchObject({ status: 201, body: { matches: 0 } });
  });

  test('takes back codes and refresh tokens too, and nothing that is issued afterwards', async () => {
    const user = await newUser();
    const tokens = await signedIn(user);
    const code = await authorize(server(), app, user);
    expect(await create({ user_id: user.id, client_id: app.client_id })).toMatchObject({ body: { matches: 3 } });
    expect(await refusedToRefresh(tokens.refresh_token)).toBe(true);
    expect(await ask(server(), code, { as: app })).toMatchObject({ status: 400, body: { error: 'invalid_grant' } });
    const again = await signedIn(user);
    expect(await active(again.access_token)).toBe(true);
    granted(await refreshed(server(), again.refresh_token, app));
  });

  test('refuses userinfo and the admin API at once', async () => {
    const { api } = administration();
    const user = await newUser();
    const { access_token } = await signInFor(server(), app, user, { scope: 'openid' });
    const userinfo = async () =>
      (await fetch(`${server().url}/oauth/userinfo`, { headers: { authorization: `Bearer ${access_token}` } })).status;
    expect(await userinfo()).toBe(200);
    await create({ user_id: user.id });
    expect(await userinfo()).toBe(401);

    const machine = await registerMachine(api, 'users:read');
    const other = await adminApi({ url: server().url, admin: machine }, 'users:read');
    expect(await other.get('/users')).toMatchObject({ status: 200 });
    await create({ client_id: machine.client_id });
    expect(await other.get('/users')).toMatchObject({ status: 401 });
  });

  test('by kind leaves the refresh token to get another access token', async () => {
    const user = await newUser();
    const tokens = await signedIn(user);
    expect(await create({ user_id: user.id, kind: 'access_token' })).toMatchObject({ body: { matches: 1 } });
    expect(await active(tokens.access_token)).toBe(false);
    const next = granted(await refreshed(server(), tokens.refresh_token, app));
    expect(await active(next.access_token)).toBe(true);
  });

  test('by scope takes back what holds it among others, and nothing else', async () => {
    const user = await newUser();
    const [reads, writes] = [await signedIn(user), await signedIn(user, 'things:read things:write')];
    await create({ user_id: user.id, scope: 'things:write' });
    expect([await active(reads.access_token), await active(writes.access_token)]).toEqual([true, false]);
    expect(await refusedToRefresh(writes.refresh_token)).toBe(true);
  });

  test('by audience takes back its access tokens and what could get more of them', async () => {
    const user = await newUser();
    const [opaque, jwt] = [await signedIn(user), await signedIn(user, 'jwt:read')];
    await create({ user_id: user.id, audience: api2 });
    expect([await active(opaque.access_token), await active(jwt.access_token)]).toEqual([true, false]);
    expect(await refusedToRefresh(jwt.refresh_token)).toBe(true);
    await create({ user_id: user.id, audience: api1 });
    expect(await active(opaque.access_token)).toBe(false);
  });

  test('all that it names must hold', async () => {
    const [user, other] = [await newUser(), await newUser()];
    const [mine, theirs] = [await signedIn(user), await signedIn(other)];
    await create({ user_id: user.id, scope: 'things:write' });
    await create({ user_id: user.id, client_id: 'another' });
    await create({ user_id: user.id, kind: 'device_code' });
    await create({ user_id: user.id, client_id: app.client_id, audience: api2 });
    expect([await active(mine.access_token), await active(theirs.access_token)]).toEqual([true, true]);
    await create({
      user_id: user.id,
      client_id: app.client_id,
      audience: api1,
      kind: 'access_token',
      scope: 'things:read',
    });
    expect([await active(mine.access_token), await active(theirs.access_token)]).toEqual([false, true]);
  });

  test('issued_before draws the line between two tokens of one second', async () => {
    const machine = await registerMachine(administration().api, 'things:read');
    const issue = async () =>
      granted(await ask(server(), { grant_type: 'client_credentials', scope: 'things:read' }, { as: machine }))
        .access_token;
    const older = await issue();
    await sleep(20);
    const issued_before = new Date().toISOString();
    await sleep(20);
    const younger = await issue();
    const rule = { client_id: machine.client_id, issued_before };
    expect(await create({ ...rule, dry_run: true })).toMatchObject({ body: { matches: 1 } });
    expect(await create(rule)).toMatchObject({ status: 201, body: { matches: 1 } });
    expect([await active(older, machine), await active(younger, machine)]).toEqual([false, true]);
  });

  test('a thousand rules are one more look-up, and each of them counts', async () => {
    const users = await Promise.all(Array.from({ length: 3 }, newUser));
    const tokens = await Promise.all(users.map((user) => signedIn(user)));
    for (let i = 0; i < 20; i += 1) {
      await Promise.all(Array.from({ length: 10 }, () => create({ user_id: crypto.randomUUID() })));
    }
    await create({ user_id: users[1]?.id });
    expect(await Promise.all(tokens.map(({ access_token }) => active(access_token)))).toEqual([true, false, true]);
  });

  describe('bad input', () => {
    test.each<[what: string, rule: object, status: number, path: string]>([
      ['without any condition', {}, 422, ''],
      ['that would match everything issued before', { issued_before: '2020-01-01T00:00:00Z' }, 422, ''],
      ['without any condition, only counted', { dry_run: true }, 422, ''],
      ['without a reason', { client_id: 'x', reason: undefined }, 400, 'reason'],
      ['with an empty reason', { client_id: 'x', reason: '' }, 422, 'reason'],
      ['with a reason that steers a terminal', { client_id: 'x', reason: '\u001b[2J' }, 422, 'reason'],
      ['from the future', { client_id: 'x', issued_before: '2999-01-01T00:00:00Z' }, 422, 'issued_before'],
      [
        'from the future, only counted',
        { client_id: 'x', issued_before: '2999-01-01T00:00:00Z', dry_run: true },
        422,
        'issued_before',
      ],
      ['of no time', { client_id: 'x', issued_before: 'yesterday' }, 422, 'issued_before'],
      ['of a number of seconds', { client_id: 'x', issued_before: 1_700_000_000 }, 400, 'issued_before'],
      ['of a user that cannot be', { user_id: 'ann' }, 422, 'user_id'],
      ['of two scopes in one', { scope: 'a b' }, 422, 'scope'],
      ['of an empty scope', { scope: '' }, 422, 'scope'],
      ['of a list of scopes', { scope: ['a'] }, 400, 'scope'],
      ['of an unknown kind', { kind: 'id_token' }, 422, 'kind'],
      ['of null', { client_id: null }, 400, 'client_id'],
      ['with an unknown member', { client_id: 'x', grant_id: 'y' }, 400, 'grant_id'],
      ['with a wrong dry_run', { client_id: 'x', dry_run: 'yes' }, 400, 'dry_run'],
    ])('a rule %s is refused', async (_what, rule, status, path) => {
      const before = (await administration().api.get('/revocation-rules?limit=500')).body.items.length;
      expect(await create(rule)).toMatchObject({ status, body: { errors: [{ path }] } });
      expect((await administration().api.get('/revocation-rules?limit=500')).body.items).toHaveLength(before);
    });

    test('a rule without any condition says what it may name', async () => {
      const { body } = await create({});
      for (const member of ['user_id', 'client_id', 'scope', 'audience', 'kind']) {
        expect(body.errors[0].message).toContain(member);
      }
    });

    test('a rule that matches nothing is kept: what it names may come yet', async () => {
      expect(await create({ client_id: 'nobody' })).toMatchObject({ status: 201, body: { matches: 0 } });
    });

    test('a megabyte is 413, an unknown rule 404, changing one 405', async () => {
      const { api } = administration();
      expect(await create({ client_id: 'x', reason: 'x'.repeat(1 << 20) })).toMatchObject({ status: 413 });
      expect(await api.get('/revocation-rules/nothing')).toMatchObject({ status: 404 });
      expect(await send(administration(), '/revocation-rules/x', { method: 'DELETE' })).toMatchObject({ status: 405 });
    });

    test('needs tokens:write', async () => {
      const reader = await adminApi(server(), 'tokens:read');
      expect(await reader.get('/revocation-rules')).toMatchObject({ status: 200 });
      const rule = { client_id: 'x', reason: 'y', dry_run: true };
      expect(await reader.post('/revocation-rules', rule)).toMatchObject({ status: 403 });
    });
  });
});
