/** Only clients administer, so the last one that can stays able to. */
import { randomBytes, type webcrypto } from 'node:crypto';
import { afterAll, beforeAll, describe, expect, test } from '@jest/globals';
import { exportJWK, generateKeyPair, SignJWT } from 'jose';
import { type Database, openDatabase } from '#src/db/index.ts';
import { type AdminApi, adminApi, registerMachine } from '../support/clients.ts';
import { ENGINES } from '../support/database.ts';
import { eventually } from '../support/eventually.ts';
import { observedFetch } from '../support/http.ts';
import { type Server, secondInstance, startServer } from '../support/server.ts';
import { remember } from '../support/vault.ts';
import { send } from './support.ts';

const ROUNDS = 8;
const ASSERTION = 'urn:ietf:params:oauth:client-assertion-type:jwt-bearer';
const LAST = { status: 409, body: { detail: expect.stringContaining('first give another client') } };

interface Administrator {
  readonly client_id: string;
  readonly client_secret: string;
  readonly api: AdminApi;
}

/** How many statements wait for a lock. Asked outside of the transaction that holds it, which sees but its own beginning. */
async function waitingIn(db: Database): Promise<number> {
  const { rows } = await db.query<{ waiting: number }>(
    `select count(*)::integer as waiting
       from pg_stat_activity
      where datname = current_database()
        and wait_event_type = 'Lock'`,
  );
  return rows[0]?.waiting ?? 0;
}

async function secretOf(api: AdminApi, id: string): Promise<string> {
  const { body } = await api.get(`/clients/${id}/secrets`);
  return `/clients/${id}/secrets/${body.items[0].id}`;
}

/** Every way to take a client's being an administrator away. */
const LOSSES: [what: string, lose: (api: AdminApi, id: string) => Promise<{ status: number }>][] = [
  ['be disabled', (api, id) => api.patch(`/clients/${id}`, { disabled: true })],
  ['be deleted', (api, id) => api.delete(`/clients/${id}`)],
  ['lose the scope', (api, id) => api.patch(`/clients/${id}`, { scope: 'clients:write users:write' })],
  ['lose all scopes', (api, id) => api.patch(`/clients/${id}`, { scope: null })],
  ['lose the grant type', (api, id) => api.patch(`/clients/${id}`, { grant_types: ['password'] })],
  [
    'be bound to keys that this API does not take',
    (api, id) => api.patch(`/clients/${id}`, { dpop_bound_access_tokens: true }),
  ],
  ['lose its last secret', async (api, id) => api.delete(await secretOf(api, id))],
  [
    'keep only the secret that is being rotated out',
    async (api, id) => {
      await api.post(`/clients/${id}/secrets`, { expires_previous_in: 3600 });
      return api.delete(await secretOf(api, id));
    },
  ],
];

describe.each(ENGINES)('The last administrator on %s', (engine) => {
  let server: Server;
  let first: AdminApi;
  const mine = () => `/clients/${server.admin.client_id}`;

  beforeAll(async () => {
    server = await startServer({ engine });
    first = await adminApi(server);
  });

  test.each(LOSSES)('cannot %s', async (_what, lose) => {
    const { api, client_id } = await onlyOne();
    expect(await lose(api, client_id)).toMatchObject(LAST);
    expect(await api.get('/clients?limit=1')).toMatchObject({ status: 200 });
    const { body } = await api.get(`/clients/${client_id}`);
    expect(body).toMatchObject({ disabled: false, scope: 'admin', grant_types: ['client_credentials'] });
    await handBack(api);
  });

  test.each(LOSSES)('is not the last while there is another, who can %s', async (_what, lose) => {
    const other = await registerMachine(first, 'admin');
    expect((await lose(first, other.client_id)).status).toBeLessThan(300);
    expect(await first.patch(mine(), { disabled: true })).toMatchObject(LAST);
  });

  test.each<[what: string, make: () => Promise<unknown>]>([
    ['is disabled', () => registerMachine(first, 'admin', { disabled: true })],
    ['holds narrower scopes', () => registerMachine(first, 'clients:write users:write keys:write')],
    ['acts for users only', () => registerMachine(first, 'admin', { grant_types: ['password'] })],
  ])('is the last beside one that %s', async (_what, make) => {
    await make();
    expect(await first.delete(mine())).toMatchObject(LAST);
  });

  test('changes otherwise as it likes', async () => {
    expect(await first.patch(mine(), { client_name: 'Us' })).toMatchObject({ status: 200 });
    const { body } = await first.post(`${mine()}/secrets`, { expires_previous_in: 3600 });
    const { body: secrets } = await first.get(`${mine()}/secrets`);
    const previous = secrets.items.find(({ id }: { id: string }) => id !== body.id);
    expect(await first.delete(`${mine()}/secrets/${previous.id}`)).toMatchObject({ status: 204 });
    Object.assign(server.admin, { client_secret: body.client_secret });
  });

  test('may go when the other one has keys instead of secrets, and comes back by it', async () => {
    const { publicKey, privateKey } = await generateKeyPair('ES256');
    const keyed = await registerMachine(first, 'admin', {
      token_endpoint_auth_method: 'private_key_jwt',
      jwks: { keys: [{ ...(await exportJWK(publicKey)), alg: 'ES256', use: 'sig' }] },
    });
    const api = { token: await tokenByKey(keyed.client_id, privateKey) };
    const ask = (path: string, init: RequestInit) => send({ server, api }, path, init);
    const enabling = { method: 'PATCH', body: JSON.stringify({ disabled: false }) };
    expect(await first.patch(mine(), { disabled: true })).toMatchObject({ status: 200 });
    expect(await ask(`/clients/${keyed.client_id}`, { method: 'DELETE' })).toMatchObject(LAST);
    expect(await ask(mine(), enabling)).toMatchObject({ status: 200 });
    expect(await ask(`/clients/${keyed.client_id}`, { method: 'DELETE' })).toMatchObject({ status: 204 });
    first = await adminApi(server);
  });

  /** An administrator that may be broken, while the server's own is out of the way. */
  async function onlyOne(): Promise<Administrator> {
    const client = await registerMachine(first, 'admin');
    const api = await adminApi({ url: server.url, admin: client });
    expect(await api.patch(mine(), { disabled: true })).toMatchObject({ status: 200 });
    return { ...client, api };
  }

  async function handBack(api: AdminApi): Promise<void> {
    expect(await api.patch(mine(), { disabled: false })).toMatchObject({ status: 200 });
    first = await adminApi(server);
    const { body } = await first.get('/clients?limit=500');
    for (const { client_id, scope } of body.items) {
      if (scope === 'admin') await first.delete(`/clients/${client_id}`);
    }
  }

  async function tokenByKey(clientId: string, key: webcrypto.CryptoKey): Promise<string> {
    const client_assertion = await new SignJWT({ jti: randomBytes(9).toString('hex') })
      .setProtectedHeader({ alg: 'ES256' })
      .setIssuer(clientId)
      .setSubject(clientId)
      .setAudience(server.issuer)
      .setIssuedAt()
      .setExpirationTime('1m')
      .sign(key);
    remember(client_assertion);
    const body = {
      grant_type: 'client_credentials',
      scope: 'admin',
      client_assertion,
      client_assertion_type: ASSERTION,
    };
    const answer = await observedFetch(`${server.url}/oauth/token`, {
      method: 'POST',
      body: new URLSearchParams(body),
    });
    return ((await answer.json()) as { access_token: string }).access_token;
  }
});

describe.each(ENGINES)('Of two administrators who leave at the same moment on %s', (engine) => {
  let here: Server;
  let there: Server;
  let first: AdminApi;
  let behind: Database | undefined;

  beforeAll(async () => {
    here = await startServer({ engine });
    there = here.databaseUrl ? await secondInstance(here) : here;
    if (here.databaseUrl) {
      behind = await openDatabase({ database: { engine: 'postgres', url: here.databaseUrl }, dataDir: here.dataDir });
    }
    first = await adminApi(here);
  }, 60_000);
  afterAll(() => behind?.close());

  /** Holds both clients until both requests wait for them: what follows happens in the same instant. */
  async function atOnce<T>(both: readonly Administrator[], requests: readonly (() => Promise<T>)[]): Promise<T[]> {
    const held = behind;
    if (!held) return Promise.all(requests.map((request) => request()));
    const ids = both.map(({ client_id }) => client_id);
    let answers: Promise<T[]> | undefined;
    await held.transaction(async (tx) => {
      await tx.query('select from clients where client_id = any($1) for update', [ids]);
      answers = Promise.all(requests.map((request) => request()));
      await eventually(async () => (await waitingIn(held)) === requests.length);
    });
    return answers as Promise<T[]>;
  }

  /** Two who are alone, each at an instance of their own: the server's first one is made an onlooker. */
  async function two(): Promise<[Administrator, Administrator]> {
    const made = [await registerMachine(first, 'admin'), await registerMachine(first, 'admin')] as const;
    const [a, b] = [
      { ...made[0], api: await adminApi({ url: here.url, admin: made[0] }) },
      { ...made[1], api: await adminApi({ url: there.url, admin: made[1] }) },
    ];
    expect(await a.api.patch(`/clients/${here.admin.client_id}`, { disabled: true })).toMatchObject({ status: 200 });
    return [a, b];
  }

  async function end(a: Administrator, b: Administrator): Promise<void> {
    const enable = ({ api }: Administrator) => api.patch(`/clients/${here.admin.client_id}`, { disabled: false });
    expect([await enable(a), await enable(b)].map(({ status }) => status)).toContain(200);
    first = await adminApi(here);
    for (const { client_id } of [a, b]) await first.delete(`/clients/${client_id}`);
  }

  /** Ready to go: what has to be known first is known. */
  async function leaving({ api, client_id }: Administrator, round: number) {
    const own = `/clients/${client_id}`;
    const secret = await secretOf(api, client_id);
    const ways = [
      () => api.patch(own, { disabled: true }),
      () => api.delete(own),
      () => api.patch(own, { scope: 'users:read' }),
      () => api.delete(secret),
    ];
    return ways[round % ways.length] as (typeof ways)[number];
  }

  test('exactly one may', async () => {
    for (let round = 0; round < ROUNDS; round += 1) {
      const [a, b] = await two();
      const answers = await atOnce([a, b], [await leaving(a, round), await leaving(b, round >> 1)]);
      const refused = answers.filter(({ status }) => status >= 300);
      expect(refused).toHaveLength(1);
      expect(refused[0]).toMatchObject(LAST);
      await end(a, b);
    }
  });

  test('exactly one disables the other', async () => {
    for (let round = 0; round < ROUNDS; round += 1) {
      const [a, b] = await two();
      const disable = (one: Administrator, other: Administrator) => () =>
        one.api.patch(`/clients/${other.client_id}`, { disabled: true });
      const answers = await atOnce([a, b], [disable(a, b), disable(b, a)]);
      // Where they are not held together, who comes later may be no administrator any more.
      const refused = behind ? [409] : [401, 409];
      expect(refused.map((status) => [200, status])).toContainEqual(answers.map(({ status }) => status).sort());
      await end(a, b);
    }
  });
});
