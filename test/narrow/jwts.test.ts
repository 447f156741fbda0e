/** JWT access tokens, issued and introspected on the narrow path: what the engine makes of them, it makes of them, too. */
import { beforeAll, describe, expect, test } from '@jest/globals';
import { createRemoteJWKSet, decodeJwt, decodeProtectedHeader, generateKeyPair, jwtVerify, SignJWT } from 'jose';
import { proofKey } from '../endpoints/proofs.ts';
import { granted, post, signInFor, startWorld, token, type World } from '../endpoints/protocol.ts';
import {
  type RegisteredClient,
  registerApi,
  registerClient,
  registerMachine,
  registerUser,
} from '../support/clients.ts';
import { ENGINES } from '../support/database.ts';
import { eventually } from '../support/eventually.ts';
import { about, as, type BothWays, bothWays, type Sent } from './both-ways.ts';

const ALGS = ['ES256', 'RS256', 'Ed25519'] as const;
const INACTIVE = { active: false };

const part = (value: object) => Buffer.from(JSON.stringify(value)).toString('base64url');

describe.each(ENGINES)('JWTs on the narrow path on %s', (engine) => {
  let world: World;
  let ways: BothWays;
  let gateway: RegisteredClient;

  beforeAll(async () => {
    world = await startWorld(engine);
    ways = await bothWays(world);
    gateway = await registerMachine(world.admin, 'openid');
  }, 60_000);

  let apis = 0;

  /** An API of its own, and a client for it. */
  async function machineFor(settings: object = {}, registration: object = {}) {
    apis += 1;
    const scope = `jwt${apis}:read`;
    const api = await registerApi(world.admin, {
      scopes: [{ name: scope, description: 'See' }],
      access_token_format: 'jwt',
      introspection_clients: [gateway.client_id],
      ...settings,
    });
    return { api, scope, machine: await ways.known(await registerMachine(world.admin, scope, registration)) };
  }

  const grant = (scope: string, headers: Record<string, string>): Sent => ({
    path: '/oauth/token',
    parameters: { grant_type: 'client_credentials', scope },
    headers,
  });

  async function issued(scope: string, machine: RegisteredClient): Promise<string> {
    const { status, narrow, body } = await ways.compare(grant(scope, as(machine)));
    expect({ status, narrow }).toEqual({ status: 200, narrow: true });
    return body.access_token;
  }

  /** Given by the engine. */
  async function issuedWide(scope: string, machine: RegisteredClient): Promise<string> {
    const { parameters, headers = {} } = grant(scope, as(machine));
    return granted(await post(...ways.wide('/oauth/token'), parameters as Record<string, string>, { headers }))
      .access_token;
  }

  const answerTo = async (sent: Sent) => {
    const { narrow, status, body } = await ways.compare(sent);
    return { narrow, status, body };
  };
  const narrowly = (body: unknown) => ({ narrow: true, status: 200, body });

  test.each(ALGS)('signed with %s they verify, and are active wherever they came from', async (signing_alg) => {
    const { api, scope, machine } = await machineFor({ signing_alg, access_token_ttl: 300 });
    const keys = createRemoteJWKSet(new URL(`${world.server.url}/oauth/jwks`));
    for (const value of [await issued(scope, machine), await issuedWide(scope, machine)]) {
      const { payload, protectedHeader } = await jwtVerify(value, keys, {
        issuer: world.server.issuer,
        audience: api.identifier,
        typ: 'at+jwt',
        algorithms: [signing_alg],
      });
      expect(payload).toMatchObject({ sub: machine.client_id, client_id: machine.client_id, scope });
      expect(protectedHeader.kid).toMatch(/^[\w-]{43}$/);
      const { jti, iat, exp } = payload as Required<typeof payload>;
      expect(exp - iat).toBe(300);
      const said = { active: true, client_id: machine.client_id, jti, iat, exp, aud: api.identifier, scope };
      for (const asker of [machine, gateway]) {
        expect(await answerTo(about(value, as(asker)))).toEqual(
          narrowly({ ...said, iss: world.server.issuer, token_type: 'Bearer' }),
        );
      }
    }
  });

  test.each([
    [true, true],
    [true, false],
    [false, true],
    [false, false],
  ])('with a jti: %s, with a status: %s', async (include_jti, include_status) => {
    const { scope, machine } = await machineFor({ include_jti, include_status }, { metadata: { team: 'hafén' } });
    const values = await Promise.all([issued(scope, machine), issued(scope, machine), issued(scope, machine)]);
    expect(new Set(values).size).toBe(3);
    const [value = '', other] = values;
    const { jti, status, client_metadata } = decodeJwt(value);
    expect([jti !== undefined, status !== undefined]).toEqual([include_jti, include_status]);
    expect(client_metadata).toEqual({ team: 'hafén' });

    expect((await answerTo(about(value, as(machine)))).body).toMatchObject({ active: true, client_metadata });
    expect((await answerTo(about(value, as(machine)))).body.jti).toBe(jti);
    await post(world.server, '/oauth/revoke', { token: value }, { as: machine });
    expect(await answerTo(about(value, as(machine)))).toEqual(narrowly({ ...INACTIVE, inactive_reason: 'revoked' }));
    expect(await answerTo(about(value, as(gateway)))).toEqual(narrowly(INACTIVE));
    expect((await answerTo(about(other, as(machine)))).body.active).toBe(true);
  });

  test('are listed, each with a status of its own', async () => {
    const { scope, machine } = await machineFor();
    const values = await Promise.all([issued(scope, machine), issuedWide(scope, machine)]);
    const { body } = await world.admin.get(`/tokens?client_id=${machine.client_id}`);
    // Each comparison issued one more, on the other way.
    expect(body.items).toHaveLength(3);
    const [{ id, issued_at, expires_at, ...one }, ...others] = body.items;
    expect(one).toMatchObject({ kind: 'access_token', format: 'jwt', scope, status: 'live' });
    for (const { id, issued_at, expires_at, ...other } of others) expect(other).toEqual(one);
    const entries = values.map((value) => JSON.stringify(decodeJwt(value).status));
    expect(new Set(entries).size).toBe(2);
  });

  test('a stranger is told nothing, a client of the same API neither', async () => {
    const { scope, machine } = await machineFor();
    const value = await issued(scope, machine);
    const stranger = await registerMachine(world.admin, scope);
    expect(await answerTo(about(value, as(stranger)))).toEqual(narrowly(INACTIVE));
    expect((await answerTo(about(value, as(machine)))).body.active).toBe(true);
  });

  test('that of a person says so, and ends with the grant', async () => {
    const { api, scope } = await machineFor();
    const app = await registerClient(world.admin, { scope: `openid ${scope}` });
    const user = await registerUser(world.admin);
    const { access_token, refresh_token } = await signInFor(world.server, app, user, {
      scope: `openid ${scope}`,
      resource: api.identifier,
    });
    const { narrow, body } = await answerTo(about(access_token, as(gateway)));
    expect({ narrow, ...body }).toMatchObject({ narrow: true, active: true, sub: user.id, amr: ['pwd'] });
    await post(world.server, '/oauth/revoke', { token: refresh_token }, { as: app });
    expect(await answerTo(about(access_token, as(app)))).toEqual(narrowly({ ...INACTIVE, inactive_reason: 'revoked' }));
  });

  test('those bound to a key are left to the engine', async () => {
    const { scope, machine } = await machineFor();
    const proof = await (await proofKey()).prove('POST', `${world.server.issuer}/oauth/token`);
    const how = { as: machine, headers: { dpop: proof } };
    const { access_token } = granted(await token(world.server, { grant_type: 'client_credentials', scope }, how));
    const { narrow, body } = await answerTo(about(access_token, as(machine)));
    expect(narrow).toBe(false);
    expect(body).toMatchObject({ active: true, token_type: 'DPoP', cnf: { jkt: expect.any(String) } });
  });

  test('personal access tokens that are JWTs are left to the engine', async () => {
    const { api, scope } = await machineFor();
    const user = await registerUser(world.admin);
    const wanted = { user_id: user.id, name: 'Backup', scopes: [scope], audience: api.identifier, format: 'jwt' };
    const { token: value } = (await world.admin.post('/pats', wanted)).body;
    const { narrow, body } = await answerTo(about(value, as(gateway)));
    expect({ narrow, ...body }).toMatchObject({ narrow: false, active: true, token_type: 'pat' });
  });

  describe('of what this server never gave, after what it did', () => {
    let machine: RegisteredClient;
    let jwt: string;
    let header: string;
    let claims: string;
    let signature: string;

    beforeAll(async () => {
      const own = await machineFor();
      machine = own.machine;
      jwt = await issued(own.scope, machine);
      [header = '', claims = '', signature = ''] = jwt.split('.');
      // From here on its signature is known to hold.
      expect((await answerTo(about(jwt, as(machine)))).body.active).toBe(true);
    });

    const changedHeader = (changes: object) => `${part({ ...decodeProtectedHeader(jwt), ...changes })}.${claims}`;
    const changedClaims = (changes: object) => `${header}.${part({ ...decodeJwt(jwt), ...changes })}`;

    test.each<[string, () => string | Promise<string>, boolean]>([
      ['another signature', () => `${header}.${claims}.${signature.split('').reverse().join('')}`, true],
      ['half a signature', () => `${header}.${claims}.${signature.slice(0, 43)}`, true],
      ['more than a signature', () => `${jwt}AAAA`, true],
      ['other claims', () => `${changedClaims({ scope: 'admin' })}.${signature}`, true],
      ['no claims', () => `${header}.${part([])}.${signature}`, true],
      ['a header that is none', () => `${Buffer.from('null').toString('base64url')}.${claims}.${signature}`, true],
      ['alg none', () => `${changedHeader({ alg: 'none' })}.${signature}`, true],
      ['another alg', () => `${changedHeader({ alg: 'RS256' })}.${signature}`, true],
      ['an unknown kid', () => `${changedHeader({ kid: 'unknown' })}.${signature}`, true],
      ['no kid', () => `${changedHeader({ kid: undefined })}.${signature}`, true],
      ['another type', () => `${changedHeader({ typ: 'JWT' })}.${signature}`, true],
      [
        'a parameter that must be understood',
        () => `${changedHeader({ crit: ['b64'], b64: true })}.${signature}`,
        true,
      ],
      ['a key of somebody else', () => forged({}), true],
      ['another issuer', () => forged({ iss: 'https://elsewhere.example' }), true],
      ['no signature', () => `${header}.${claims}.`, false],
      ['four parts', () => `${jwt}.AAAA`, false],
      ['a space in it', () => `${header}.${claims}.${signature.slice(0, 9)} ${signature.slice(9)}`, false],
      ['nothing but dots', () => '..', false],
      ['the name of one, as a token', () => String(decodeJwt(jwt).jti), false],
    ])('one with %s is inactive', async (_what, make, narrow) => {
      const value = await make();
      expect(value).not.toBe(jwt);
      expect(await answerTo(about(value, as(machine)))).toEqual({ narrow, status: 200, body: INACTIVE });
    });

    test('an ID token is inactive', async () => {
      const app = await registerClient(world.admin);
      const { id_token } = await signInFor(world.server, app, await registerUser(world.admin));
      expect(await answerTo(about(id_token, as(app)))).toEqual(narrowly(INACTIVE));
    });

    async function forged(changes: object): Promise<string> {
      const { privateKey } = await generateKeyPair('ES256');
      return new SignJWT({ ...decodeJwt(jwt), ...changes })
        .setProtectedHeader(decodeProtectedHeader(jwt) as { alg: string })
        .sign(privateKey);
    }
  });

  test('what a revoked key signed is refused at once, and nothing more is signed by it', async () => {
    const { scope, machine } = await machineFor({ signing_alg: 'Ed25519' });
    const value = await issued(scope, machine);
    expect((await answerTo(about(value, as(machine)))).body.active).toBe(true);
    const { kid } = decodeProtectedHeader(value);

    // Many are under way while the key goes; what was asked for after it went has another one.
    const meanwhile = Array.from({ length: 16 }, () => token(world.server, grantOf(scope), { as: machine }));
    const { body: next } = await world.admin.post(`/keys/${kid}/revoke`);
    const after = await Promise.all(
      Array.from({ length: 16 }, () => token(world.server, grantOf(scope), { as: machine })),
    );
    for (const answer of after) expect(decodeProtectedHeader(granted(answer).access_token).kid).toBe(next.kid);
    for (const answer of await Promise.all(meanwhile)) expect(answer.status).toBe(200);

    const asked = { token: value };
    const here = await post(world.server, '/oauth/introspect', asked, { as: machine });
    expect(here.body).toEqual(INACTIVE);
    const there = async () => (await post(...ways.wide('/oauth/introspect'), asked, { as: machine })).body;
    await eventually(async () => !(await there()).active);
    expect(await answerTo(about(value, as(machine)))).toEqual(narrowly(INACTIVE));
  });

  test('after a rotation the next key signs, and what the former one signed stays good', async () => {
    const { scope, machine } = await machineFor({ signing_alg: 'ES256' });
    const before = await issued(scope, machine);
    await world.admin.post('/keys/rotate', { alg: 'ES256', immediately: true });
    const after = granted(await token(world.server, grantOf(scope), { as: machine })).access_token;
    expect(decodeProtectedHeader(after).kid).not.toBe(decodeProtectedHeader(before).kid);
    for (const value of [before, after]) {
      await eventually(async () => (await ways.compare(about(value, as(machine)))).body.active);
    }
  });

  const grantOf = (scope: string) => ({ grant_type: 'client_credentials', scope });
});
