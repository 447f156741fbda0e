import { beforeAll, describe, expect, test } from '@jest/globals';
import { createRemoteJWKSet, decodeProtectedHeader, jwtVerify } from 'jose';
import { type RegisteredApi, type RegisteredClient, registerApi, registerMachine } from '../support/clients.ts';
import { ENGINES } from '../support/database.ts';
import { granted, introspect, startWorld, token, type World } from './protocol.ts';

const GRANT = { grant_type: 'client_credentials' };

describe.each(ENGINES)('The client credentials grant (RFC 6749 §4.4) on %s', (engine) => {
  let world: World;
  let api: RegisteredApi;
  let other: RegisteredApi;
  let machine: RegisteredClient;

  beforeAll(async () => {
    world = await startWorld(engine);
    api = await registerApi(world.admin, {
      scopes: [
        { name: 'things:read', description: 'See' },
        { name: 'things:write', description: 'Change' },
      ],
    });
    other = await registerApi(world.admin, { scopes: [{ name: 'others:read', description: 'See others' }] });
    machine = await registerMachine(world.admin, 'things:read');
  });

  const ask = (parameters: Record<string, string>, as: RegisteredClient = machine) =>
    token(world.server, { ...GRANT, ...parameters }, { as });

  test('gives an opaque token for the API that defines the scope', async () => {
    const tokens = granted(await ask({ scope: 'things:read' }));
    expect(tokens).toEqual({
      access_token: expect.stringMatching(/^[\w-]{48}$/),
      expires_in: 3600,
      scope: 'things:read',
      token_type: 'Bearer',
    });
    expect(await introspect(world.server, tokens.access_token, machine)).toMatchObject({
      active: true,
      aud: api.identifier,
      client_id: machine.client_id,
      scope: 'things:read',
      token_type: 'Bearer',
    });
  });

  test('never gives a refresh token, not even to a client registered for both (RFC 6749 §4.4.3)', async () => {
    const both = await registerMachine(world.admin, 'things:read offline_access openid', {
      grant_types: ['client_credentials', 'refresh_token'],
    });
    for (const scope of ['things:read', 'things:read offline_access']) {
      const { body } = await ask({ scope }, both);
      expect(body).not.toHaveProperty('refresh_token');
      expect(body).not.toHaveProperty('id_token');
    }
  });

  test.each([
    ['a scope of the API that the client was not granted', { scope: 'things:read things:write' }, 'things:write'],
    ['a scope of another API', { scope: 'others:read' }, 'others:read'],
    ['a scope that no API defines', { scope: 'no:such' }, 'no:such'],
    ['openid: there is no user', { scope: 'openid' }, 'openid'],
    ['offline_access', { scope: 'offline_access' }, 'offline_access'],
    ['openid beside an API scope', { scope: 'openid things:read' }, 'openid'],
  ])('%s is invalid_scope, and names it', async (_what, parameters, named) => {
    const answer = await ask(parameters);
    expect(answer).toMatchObject({ status: 400, body: { error: 'invalid_scope', scope: named } });
  });

  test.each<[what: string, resource: () => string]>([
    ['that no API has', () => 'https://no.such.example/'],
    ['of an API that grants the client nothing', () => other.identifier],
    ['that differs in case only', () => api.identifier.toUpperCase()],
    ['with a slash more', () => `${api.identifier}/`],
  ])('a resource %s is invalid_target (RFC 8707 §2)', async (_what, resource) => {
    expect(await ask({ resource: resource() })).toMatchObject({ status: 400, body: { error: 'invalid_target' } });
  });

  test('two resources are invalid_target: a token has one audience', async () => {
    const both = await registerMachine(world.admin, 'things:read others:read');
    const parameters: [string, string][] = [
      ['grant_type', 'client_credentials'],
      ['scope', 'things:read others:read'],
      ['resource', api.identifier],
      ['resource', other.identifier],
    ];
    const answer = await token(world.server, parameters, { as: both });
    expect(answer).toMatchObject({ status: 400, body: { error: 'invalid_target' } });
    const undecided = await ask({ scope: 'things:read others:read' }, both);
    expect(undecided).toMatchObject({ status: 400, body: { error: 'invalid_target' } });
  });

  test("a scope of another API than the resource's is invalid_scope", async () => {
    const both = await registerMachine(world.admin, 'things:read others:read');
    const answer = await ask({ scope: 'things:read others:read', resource: api.identifier }, both);
    expect(answer).toMatchObject({ status: 400, body: { error: 'invalid_scope', scope: 'others:read' } });
  });

  test('a scope withdrawn from the client is refused from the next request on', async () => {
    const client = await registerMachine(world.admin, 'things:read things:write');
    expect(await ask({ scope: 'things:write' }, client)).toMatchObject({ status: 200 });
    await world.admin.patch(`/clients/${client.client_id}`, { scope: 'things:read' });
    expect(await ask({ scope: 'things:write' }, client)).toMatchObject({ body: { error: 'invalid_scope' } });
  });

  test.each(['ES256', 'RS256', 'Ed25519'])(
    'gives a JWT signed with %s where the API says so (RFC 9068)',
    async (alg) => {
      const name = `${alg.toLowerCase()}:read`;
      const jwtApi = await registerApi(world.admin, {
        scopes: [{ name, description: 'See' }],
        access_token_format: 'jwt',
        signing_alg: alg,
      });
      const metadata = { team: 'blue', limits: { rps: 10 } };
      const client = await registerMachine(world.admin, name, { metadata });
      const { access_token } = granted(await ask({ scope: name }, client));

      const keys = createRemoteJWKSet(new URL(`${world.server.url}/oauth/jwks`));
      const { payload, protectedHeader } = await jwtVerify(access_token, keys, {
        issuer: world.server.issuer,
        audience: jwtApi.identifier,
        typ: 'at+jwt',
        algorithms: [alg],
      });
      expect(payload).toMatchObject({
        client_id: client.client_id,
        sub: client.client_id,
        scope: name,
        client_metadata: metadata,
        jti: expect.any(String),
      });
      expect((payload.exp as number) - (payload.iat as number)).toBe(3600);
      expect(protectedHeader.kid).toEqual(expect.any(String));
      // Opaque or JWT, introspection says the same.
      expect(await introspect(world.server, access_token, client)).toMatchObject({
        active: true,
        aud: jwtApi.identifier,
        client_metadata: metadata,
        exp: payload.exp,
        iat: payload.iat,
        jti: payload.jti,
        scope: name,
      });
    },
  );

  test("an opaque token's introspection carries the client's metadata too", async () => {
    const client = await registerMachine(world.admin, 'things:read', { metadata: { tier: 3 } });
    const { access_token } = granted(await ask({ scope: 'things:read' }, client));
    expect(() => decodeProtectedHeader(access_token)).toThrow();
    expect(await introspect(world.server, access_token, client)).toMatchObject({ client_metadata: { tier: 3 } });
  });

  test.each([
    ["the client's", undefined, 60, 60],
    ["the API's", 120, undefined, 120],
    ['the shorter, here of the client', 120, 60, 60],
    ['the shorter, here of the API', 60, 120, 60],
  ])('a token lives as long as %s lifetime says', async (_whose, ofApi, ofClient, expected) => {
    const name = `ttl:${ofApi}:${ofClient}`;
    await registerApi(world.admin, {
      scopes: [{ name, description: 'See' }],
      ...(ofApi && { access_token_ttl: ofApi }),
    });
    const client = await registerMachine(world.admin, name, { ...(ofClient && { access_token_ttl: ofClient }) });
    const tokens = granted(await ask({ scope: name }, client));
    expect(tokens.expires_in).toBe(expected);
    const { exp, iat } = await introspect(world.server, tokens.access_token, client);
    expect(exp - iat).toBe(expected);
  });
});
