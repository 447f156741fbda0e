import { randomBytes } from 'node:crypto';
import { beforeAll, describe, expect, test } from '@jest/globals';
import { signInFor } from '../endpoints/protocol.ts';
import {
  type ApiResponse,
  adminApi,
  registerApi,
  registerClient,
  registerMachine,
  registerUser,
} from '../support/clients.ts';
import { ENGINES } from '../support/database.ts';
import { secretsIn } from '../support/vault.ts';
import { auditLog, type Recorded, withAdministration } from './support.ts';

describe.each(ENGINES)('The audit log on %s', (engine) => {
  const administration = withAdministration(engine);
  const api = () => administration().api;
  const me = () => `client:${administration().server.admin.client_id}`;

  const newest = async (): Promise<Recorded | undefined> => (await auditLog(administration(), { limit: '1' }))[0];

  /** What there is to change, made anew by each test that changes it. */
  async function things() {
    const user = await registerUser(api());
    const { client_id } = await registerClient(api());
    const { identifier } = await registerApi(api(), { scopes: [] });
    return {
      user: `/users/${user.id}`,
      userIs: `user:${user.id}`,
      client: `/clients/${client_id}`,
      client_id,
      clientIs: `client:${client_id}`,
      api: `/apis/${encodeURIComponent(identifier)}`,
      apiIs: `api:${identifier}`,
    };
  }
  type Things = Awaited<ReturnType<typeof things>>;

  const firstOf = async (path: string) => (await api().get(path)).body.items[0];

  /** And what comes of signing in. */
  async function signedIn() {
    const user = await registerUser(api());
    const client = await registerClient(api(), { scope: 'openid things:read', first_party: true });
    const { access_token } = await signInFor(administration().server, client, user, { scope: 'things:read' });
    return {
      user: `/users/${user.id}`,
      userIs: `user:${user.id}`,
      client: `/clients/${client.client_id}`,
      clientIs: `client:${client.client_id}`,
      access_token,
      token_id: (await firstOf(`/users/${user.id}/tokens`)).id as string,
      grant_id: (await firstOf(`/users/${user.id}/grants`)).id as string,
      session_id: (await firstOf(`/users/${user.id}/sessions`)).id as string,
    };
  }
  type SignedIn = Awaited<ReturnType<typeof signedIn>>;

  beforeAll(async () => {
    await registerApi(api());
  });

  type Row<One> = [
    action: string,
    change: (one: One) => Promise<ApiResponse>,
    target: (one: One, body: any) => unknown,
    data?: (one: One, body: any) => object,
  ];
  const machine = { grant_types: ['client_credentials'] };
  const none = () => null;
  const theUser = ({ userIs }: { userIs: string }) => userIs;
  const theClient = ({ clientIs }: { clientIs: string }) => clientIs;
  const theApi = ({ apiIs }: Things) => apiIs;

  const CHANGES: Row<Things>[] = [
    ['client.create', () => api().post('/clients', machine), (_, body) => `client:${body.client_id}`],
    [
      'client.update',
      ({ client }) => api().patch(client, { client_name: 'x' }),
      theClient,
      () => ({ members: ['client_name'] }),
    ],
    ['client.delete', ({ client }) => api().delete(client), theClient],
    [
      'client_secret.create',
      ({ client }) => api().post(`${client}/secrets`),
      theClient,
      (_, body) => ({ secret_id: body.id }),
    ],
    [
      'client_secret.delete',
      async ({ client }) => api().delete(`${client}/secrets/${(await firstOf(`${client}/secrets`)).id}`),
      theClient,
      () => ({ secret_id: expect.any(String) }),
    ],
    ['api.create', () => api().post('/apis', { identifier: 'urn:a', name: 'A' }), () => 'api:urn:a'],
    ['api.update', (one) => api().patch(one.api, { name: 'B' }), theApi, () => ({ members: ['name'] })],
    ['api.delete', (one) => api().delete(one.api), theApi],
    ['user.create', () => api().post('/users', { username: 'zoe' }), (_, body) => `user:${body.id}`],
    ['user.update', ({ user }) => api().patch(user, { name: 'Zoe' }), theUser],
    ['user.disable', ({ user }) => api().post(`${user}/disable`), theUser],
    ['user.enable', ({ user }) => api().post(`${user}/enable`), theUser],
    ['user.delete', ({ user }) => api().delete(user), theUser],
    [
      'authenticator.remove',
      ({ user }) => api().delete(`${user}/authenticators/password`),
      theUser,
      () => ({ authenticator_id: 'password' }),
    ],
    ['authenticator.remove_all', ({ user }) => api().delete(`${user}/authenticators`), theUser],
    ['auth_policy.create', () => api().post('/auth-policies', { name: 'P' }), (_, body) => `auth_policy:${body.id}`],
    [
      'auth_policy.update',
      async () => {
        const { body } = await api().post('/auth-policies', { name: 'P' });
        return api().patch(`/auth-policies/${body.id}`, { name: 'Q', secondary: { require_any: true } });
      },
      (_, body) => `auth_policy:${body.id}`,
      () => ({ members: ['name', 'secondary'] }),
    ],
    [
      'revocation_rule.create',
      ({ client_id }) => api().post('/revocation-rules', { client_id, reason: 'a test' }),
      (_, body) => `revocation_rule:${body.id}`,
      ({ client_id }) => ({ client_id, reason: 'a test', matches: 0 }),
    ],
    ['key.rotate', () => api().post('/keys/rotate', { alg: 'ES256' }), none, () => ({ alg: 'ES256' })],
    [
      'key.revoke',
      async () => api().post(`/keys/${(await firstOf('/keys')).kid}/revoke`),
      () => expect.stringMatching(/^key:/),
    ],
  ];

  const ENDINGS: Row<SignedIn>[] = [
    [
      'user_session.end',
      ({ user, session_id }) => api().delete(`${user}/sessions/${session_id}`),
      theUser,
      ({ session_id }) => ({ session_id }),
    ],
    ['user_session.end_all', ({ user }) => api().delete(`${user}/sessions`), theUser],
    [
      'grant.end',
      ({ user, grant_id }) => api().delete(`${user}/grants/${grant_id}`),
      theUser,
      ({ grant_id }) => ({ grant_id }),
    ],
    ['grant.end_all', ({ user }) => api().delete(`${user}/grants`), theUser],
    [
      'token.revoke',
      ({ user, token_id }) => api().delete(`${user}/tokens/${token_id}`),
      theUser,
      ({ token_id }) => ({ token_id }),
    ],
    [
      'token.revoke',
      ({ token_id: id }) => api().post('/tokens/revoke', { id }),
      none,
      ({ token_id }) => ({ token_id }),
    ],
    [
      'token.revoke',
      ({ access_token: token }) => api().post('/tokens/revoke', { token }),
      none,
      () => ({ revoked: expect.any(Number) }),
    ],
    ['token.revoke_all', ({ user }) => api().delete(`${user}/tokens`), theUser],
    ['token.revoke_all', ({ client }) => api().delete(`${client}/tokens`), theClient],
  ];

  async function isRecorded<One>([action, change, target, data = () => ({})]: Row<One>, one: One): Promise<void> {
    const { status, body } = await change(one);
    expect(status).toBeLessThan(300);
    const record = await newest();
    expect(record).toEqual({
      id: expect.stringMatching(/^\d+$/),
      at: expect.any(String),
      actor: me(),
      action,
      target: target(one, body),
      outcome: 'success',
      reason: null,
      ip: expect.stringMatching(/^(127\.0\.0\.1|::1)$/),
      user_agent: expect.any(String),
      data: expect.objectContaining(data(one, body)),
    });
    expect(Math.abs(Date.parse(record?.at ?? '') - Date.now())).toBeLessThan(60_000);
  }

  test.each(CHANGES)('says who did %s, to whom, from where', async (...row) => isRecorded(row, await things()));
  test.each(ENDINGS)('says who did %s, to whom, from where', async (...row) => isRecorded(row, await signedIn()));

  test('does not repeat what was taken for an id: it may be a secret', async () => {
    const { user, userIs } = await things();
    const value = randomBytes(32).toString('base64url');
    expect(await api().delete(`${user}/tokens/${value}`)).toMatchObject({ status: 404 });
    const record = await newest();
    expect(record).toMatchObject({ action: 'token.revoke', outcome: 'failure', target: userIs });
    expect(JSON.stringify(record)).not.toContain(value);
  });

  test.each<[what: string, change: (one: Things) => Promise<ApiResponse>, expected: object]>([
    [
      'of what is not there',
      () => api().delete('/clients/nobody'),
      { action: 'client.delete', target: 'client:nobody', reason: '404 Not Found' },
    ],
    [
      'that somebody stands against',
      ({ client_id }) => api().post('/clients', { ...machine, client_id }),
      { action: 'client.create', target: null, reason: '409 Conflict' },
    ],
    [
      'that would leave no administrator',
      () => api().delete(`/clients/${administration().server.admin.client_id}`),
      { action: 'client.delete', reason: '409 Conflict' },
    ],
    [
      'that breaks a rule',
      ({ client }) => api().patch(client, { redirect_uris: ['http://no.example'] }),
      { action: 'client.update', reason: '422 Unprocessable Entity' },
    ],
    [
      'of a session that is somebody else’s',
      async ({ user }) => api().delete(`${user}/sessions/${(await signedIn()).session_id}`),
      { action: 'user_session.end', reason: '404 Not Found' },
    ],
  ])('tells a change that was refused: one %s', async (_what, change, expected) => {
    expect((await change(await things())).status).toBeGreaterThanOrEqual(400);
    expect(await newest()).toMatchObject({ ...expected, outcome: 'failure', actor: me() });
  });

  test('tells of somebody who reached for more than they hold', async () => {
    const machine = await registerMachine(api(), 'clients:write');
    const registrar = await adminApi({ url: administration().server.url, admin: machine }, 'clients:write');
    const path = `/clients/${administration().server.admin.client_id}`;
    expect(await registrar.post(`${path}/secrets`)).toMatchObject({ status: 403 });
    expect(await newest()).toMatchObject({
      actor: `client:${machine.client_id}`,
      action: 'client_secret.create',
      target: me(),
      outcome: 'failure',
      reason: '403 Forbidden',
    });
  });

  test('tells of somebody whose token does not reach that far', async () => {
    const machine = await registerMachine(api(), 'clients:read');
    const reader = await adminApi({ url: administration().server.url, admin: machine }, 'clients:read');
    expect(await reader.delete(`/clients/${machine.client_id}`)).toMatchObject({ status: 403 });
    expect(await newest()).toMatchObject({
      actor: `client:${machine.client_id}`,
      action: 'client.delete',
      target: null,
      outcome: 'failure',
      reason: '403 insufficient_scope',
    });
  });

  test('takes a name of any length', async () => {
    const long = Array.from({ length: 3_000 }, (_, i) => ((i * 7_919) % 36).toString(36)).join('');
    expect(await api().delete(`/clients/${long}`)).toMatchObject({ status: 404 });
    expect(await newest()).toMatchObject({ action: 'client.delete', outcome: 'failure' });
  });

  test('holds no secret', async () => {
    expect(secretsIn(JSON.stringify(await auditLog(administration(), { limit: '500' })))).toEqual([]);
  });
});
