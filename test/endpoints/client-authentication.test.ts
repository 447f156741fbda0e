import { randomUUID } from 'node:crypto';
import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import { beforeAll, describe, expect, test } from '@jest/globals';
import { exportJWK, generateKeyPair, type JWTPayload, SignJWT } from 'jose';
import { type RegisteredClient, registerApi, registerMachine } from '../support/clients.ts';
import { eventually } from '../support/eventually.ts';
import { remember } from '../support/vault.ts';
import { type Answer, post, startWorld, token, type World } from './protocol.ts';

const GRANT = { grant_type: 'client_credentials' };
const ASSERTION_TYPE = 'urn:ietf:params:oauth:client-assertion-type:jwt-bearer';

let world: World;
let machine: RegisteredClient;

beforeAll(async () => {
  world = await startWorld('embedded');
  await registerApi(world.admin);
  machine = await registerMachine(world.admin, 'things:read');
});

const withSecret = (client_id: string, client_secret: string) =>
  token(world.server, GRANT, { as: { client_id, client_secret } });

describe('Client authentication by secret (RFC 6749 §2.3.1)', () => {
  test('works in the Authorization header', async () => {
    expect(await withSecret(machine.client_id, machine.client_secret)).toMatchObject({ status: 200 });
  });

  test('works in the body', async () => {
    const { client_id, client_secret } = machine;
    expect(await token(world.server, { ...GRANT, client_id, client_secret }, {})).toMatchObject({ status: 200 });
  });

  test('at two places at once is refused', async () => {
    const { client_id, client_secret } = machine;
    const twice = await token(world.server, { ...GRANT, client_id, client_secret }, { as: machine });
    expect(twice).toMatchObject({ status: 400, body: { error: 'invalid_request' } });
  });

  test.each([
    ['what is not base64', 'Basic §§§'],
    ['no colon', `Basic ${Buffer.from('nobody').toString('base64')}`],
    ['another scheme', 'Bearer abc'],
    ['broken percent-encoding', `Basic ${Buffer.from('a%zz:b').toString('base64')}`],
    ['a NUL', `Basic ${Buffer.from('a%00:b').toString('base64')}`],
    ['nothing', 'Basic'],
  ])('with %s in the header is a 400, not a 500', async (_what, authorization) => {
    const headers = { authorization: Buffer.from(authorization).toString('latin1') };
    const answer = await token(world.server, GRANT, { headers });
    expect(answer).toMatchObject({ status: 400, body: { error: 'invalid_request' } });
  });

  test('a client id that is not registered, a wrong secret and a disabled client get the same answer', async () => {
    const disabled = await registerMachine(world.admin, 'things:read');
    expect(await withSecret(disabled.client_id, disabled.client_secret)).toMatchObject({ status: 200 });
    await world.admin.patch(`/clients/${disabled.client_id}`, { disabled: true });

    const answers = await Promise.all([
      withSecret(`nobody-${randomUUID()}`, machine.client_secret),
      withSecret(machine.client_id, `${machine.client_secret}x`),
      withSecret(disabled.client_id, disabled.client_secret),
      withSecret(machine.client_id, disabled.client_secret),
    ]);
    const first = answers[0] as Answer;
    expect(first).toMatchObject({ status: 401, body: { error: 'invalid_client' } });
    expect(first.headers.get('www-authenticate')).toMatch(/^Basic /);
    for (const { status, body, headers } of answers) {
      expect({ status, body }).toEqual({ status: first.status, body: first.body });
      expect(headers.get('www-authenticate')).toBe(first.headers.get('www-authenticate'));
    }
  });

  test('left out by a client that has a secret is invalid_client', async () => {
    const answer = await token(world.server, { ...GRANT, client_id: machine.client_id }, {});
    expect(answer).toMatchObject({ status: 401, body: { error: 'invalid_client' } });
  });

  test('is form-decoded after base64 (RFC 6749 §2.3.1)', async () => {
    const encode = (text: string) => [...Buffer.from(text)].map((byte) => `%${byte.toString(16)}`).join('');
    const pair = `${encode(machine.client_id)}:${encode(machine.client_secret)}`;
    const headers = { authorization: `Basic ${Buffer.from(pair).toString('base64')}` };
    expect(await token(world.server, GRANT, { headers })).toMatchObject({ status: 200 });
  });

  test('two secrets live while one replaces the other, and the old one ends', async () => {
    const client = await registerMachine(world.admin, 'things:read');
    const rotation = await world.admin.post(`/clients/${client.client_id}/secrets`, { expires_previous_in: 60 });
    expect(rotation.status).toBe(201);
    const next = rotation.body.client_secret ?? rotation.body.secret;
    remember(next);
    expect(await withSecret(client.client_id, client.client_secret)).toMatchObject({ status: 200 });
    expect(await withSecret(client.client_id, next)).toMatchObject({ status: 200 });

    const listed = await world.admin.get(`/clients/${client.client_id}/secrets`);
    const old = listed.body.items.find((secret: { expires_at: string | null }) => secret.expires_at !== null);
    expect(await world.admin.delete(`/clients/${client.client_id}/secrets/${old.id}`)).toMatchObject({ status: 204 });
    expect(await withSecret(client.client_id, client.client_secret)).toMatchObject({ status: 401 });
    expect(await withSecret(client.client_id, next)).toMatchObject({ status: 200 });
  });

  test('an old secret ends by itself at its time', async () => {
    const client = await registerMachine(world.admin, 'things:read');
    const { body } = await world.admin.post(`/clients/${client.client_id}/secrets`, { expires_previous_in: 1 });
    remember(body.client_secret ?? body.secret);
    await eventually(async () => (await withSecret(client.client_id, client.client_secret)).status === 401);
    expect(await withSecret(client.client_id, body.client_secret ?? body.secret)).toMatchObject({ status: 200 });
  });
});

describe('Client authentication of a public client', () => {
  test('is its id alone; a secret beside it is refused', async () => {
    const client = await registerMachine(world.admin, 'openid things:read', {
      grant_types: ['urn:ietf:params:oauth:grant-type:device_code'],
      token_endpoint_auth_method: 'none',
    });
    const { client_id } = client;
    expect(await post(world.server, '/oauth/device/code', { client_id, scope: 'openid' })).toMatchObject({
      status: 200,
    });
    const withASecret = await post(world.server, '/oauth/device/code', { client_id, client_secret: 'anything' });
    expect(withASecret).toMatchObject({ status: 401, body: { error: 'invalid_client' } });
  });
});

describe('Client authentication by private_key_jwt (RFC 7523 §2.2)', () => {
  let client: RegisteredClient;
  let key: Awaited<ReturnType<typeof generateKeyPair>>['privateKey'];

  beforeAll(async () => {
    const pair = await generateKeyPair('ES256');
    key = pair.privateKey;
    const jwk = { ...(await exportJWK(pair.publicKey)), kid: 'one', alg: 'ES256', use: 'sig' };
    client = await registerMachine(world.admin, 'things:read', {
      token_endpoint_auth_method: 'private_key_jwt',
      jwks: { keys: [jwk] },
    });
  });

  async function assertion(changes: JWTPayload = {}, signWith = key): Promise<string> {
    const now = Math.floor(Date.now() / 1000);
    const claims = { iss: client.client_id, sub: client.client_id, aud: world.server.issuer, jti: randomUUID() };
    return new SignJWT({ ...claims, iat: now, exp: now + 60, ...changes })
      .setProtectedHeader({ alg: 'ES256', kid: 'one' })
      .sign(signWith);
  }

  const present = (client_assertion: string, more = {}) =>
    token(world.server, { ...GRANT, client_assertion, client_assertion_type: ASSERTION_TYPE, ...more }, {});

  test('works, once for each assertion', async () => {
    const once = await assertion();
    expect(await present(once)).toMatchObject({ status: 200 });
    expect(await present(once)).toMatchObject({ status: 401, body: { error: 'invalid_client' } });
  });

  test('the same assertion at many requests at once authenticates at most one', async () => {
    const once = await assertion();
    const answers = await Promise.all(Array.from({ length: 10 }, () => present(once)));
    expect(answers.filter(({ status }) => status === 200)).toHaveLength(1);
    for (const { status } of answers) expect([200, 400, 401]).toContain(status);
  });

  test('the token endpoint itself may be the audience', async () => {
    expect(await present(await assertion({ aud: `${world.server.issuer}/oauth/token` }))).toMatchObject({
      status: 200,
    });
  });

  test.each<[what: string, changes: JWTPayload]>([
    ['for another audience', { aud: 'https://elsewhere.example' }],
    ['that is expired', { exp: Math.floor(Date.now() / 1000) - 120 }],
    ['that lives for years', { exp: Math.floor(Date.now() / 1000) + 100_000_000 }],
    ['that ends after the end of all calendars', { exp: 1e15 }],
    ['of another issuer', { iss: 'somebody-else' }],
    ['about nobody known', { sub: 'nobody', iss: 'nobody' }],
  ])('an assertion %s is refused', async (_what, changes) => {
    expect(await present(await assertion(changes))).toMatchObject({ status: 401, body: { error: 'invalid_client' } });
  });

  test('an assertion signed by another key is refused', async () => {
    const other = await generateKeyPair('ES256');
    expect(await present(await assertion({}, other.privateKey))).toMatchObject({ status: 401 });
  });

  test('an assertion without signature is refused', async () => {
    const [, claims] = (await assertion()).split('.');
    const header = Buffer.from(JSON.stringify({ alg: 'none' })).toString('base64url');
    expect(await present(`${header}.${claims}.`)).toMatchObject({ status: 401, body: { error: 'invalid_client' } });
  });

  test('what is no assertion at all is a 400', async () => {
    expect(await present('nonsense')).toMatchObject({ status: 400, body: { error: 'invalid_request' } });
    const type = { client_assertion_type: 'urn:example:other' };
    expect(await present(await assertion(), type)).toMatchObject({ status: 400, body: { error: 'invalid_request' } });
  });

  test('the keys may be fetched from jwks_uri, here on the same machine', async () => {
    const pair = await generateKeyPair('ES256');
    const keys = [{ ...(await exportJWK(pair.publicKey)), kid: 'one', use: 'sig' }];
    const web = createServer((_, response) => {
      response.writeHead(200, { 'content-type': 'application/json' }).end(JSON.stringify({ keys }));
    });
    await new Promise<void>((resolve) => web.listen(0, '127.0.0.1', resolve));
    const remote = await registerMachine(world.admin, 'things:read', {
      token_endpoint_auth_method: 'private_key_jwt',
      jwks_uri: `http://127.0.0.1:${(web.address() as AddressInfo).port}/jwks`,
    });
    const of = { iss: remote.client_id, sub: remote.client_id };
    const [right, wrong] = [await present(await assertion(of, pair.privateKey)), await present(await assertion(of))];
    web.closeAllConnections();
    await new Promise((resolve) => web.close(resolve));
    expect(right).toMatchObject({ status: 200 });
    expect(wrong).toMatchObject({ status: 401, body: { error: 'invalid_client' } });
  });

  test('a jwks_uri that answers nothing is invalid_client, not a failure of ours', async () => {
    const remote = await registerMachine(world.admin, 'things:read', {
      token_endpoint_auth_method: 'private_key_jwt',
      jwks_uri: 'http://127.0.0.1:9/jwks',
    });
    const answer = await present(await assertion({ iss: remote.client_id, sub: remote.client_id }));
    expect(answer).toMatchObject({ status: 401, body: { error: 'invalid_client' } });
  });

  test('a secret instead of an assertion is invalid_client', async () => {
    expect(await withSecret(client.client_id, 'kept only as a digest')).toMatchObject({
      status: 401,
      body: { error: 'invalid_client' },
    });
  });

  test('an assertion of a client that has a secret is invalid_client', async () => {
    const of = await assertion({ iss: machine.client_id, sub: machine.client_id });
    expect(await present(of)).toMatchObject({ status: 401, body: { error: 'invalid_client' } });
  });
});

test('the placeholder that the engine holds instead of a secret opens nothing', async () => {
  const answer = await withSecret(machine.client_id, 'kept only as a digest');
  expect(answer).toMatchObject({ status: 401, body: { error: 'invalid_client' } });
});
