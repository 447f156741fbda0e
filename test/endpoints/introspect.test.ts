import { beforeAll, describe, expect, test } from '@jest/globals';
import { decodeProtectedHeader, generateKeyPair, SignJWT } from 'jose';
import {
  type RegisteredClient,
  type RegisteredUser,
  registerApi,
  registerClient,
  registerMachine,
  registerUser,
} from '../support/clients.ts';
import { ENGINES } from '../support/database.ts';
import { eventually } from '../support/eventually.ts';
import {
  authorize,
  granted,
  introspect,
  isActive,
  post,
  signInFor,
  startWorld,
  token,
  type World,
} from './protocol.ts';

const INACTIVE = { active: false };
/** The engine's clock tolerance, 15 s, and a token of one second. */
const EXPIRY_MS = 20_000;

const part = (value: object) => Buffer.from(JSON.stringify(value)).toString('base64url');

describe.each(ENGINES)('Introspection (RFC 7662) on %s', (engine) => {
  let world: World;
  let user: RegisteredUser;
  let app: RegisteredClient;
  let machine: RegisteredClient;
  let gateway: RegisteredClient;
  let stranger: RegisteredClient;
  let opaque: string;
  let jwt: string;

  const machineToken = async (scope: string, as = machine) =>
    granted(await token(world.server, { grant_type: 'client_credentials', scope }, { as })).access_token as string;
  const ask = (value: string, as: RegisteredClient = machine, more = {}) => introspect(world.server, value, as, more);

  beforeAll(async () => {
    world = await startWorld(engine);
    user = await registerUser(world.admin);
    gateway = await registerMachine(world.admin, 'openid');
    const tied = { introspection_clients: [gateway.client_id] };
    await registerApi(world.admin, tied);
    await registerApi(world.admin, {
      ...tied,
      scopes: [{ name: 'jwt:read', description: 'See' }],
      access_token_format: 'jwt',
    });
    machine = await registerMachine(world.admin, 'things:read jwt:read');
    stranger = await registerMachine(world.admin, 'things:read jwt:read');
    app = await registerClient(world.admin, { scope: 'openid things:read' });
    [opaque, jwt] = await Promise.all([machineToken('things:read'), machineToken('jwt:read')]);
  });

  test("answers the token's own client and who is tied to its API, about opaque tokens and JWTs", async () => {
    for (const value of [opaque, jwt]) {
      const own = await ask(value);
      expect(own).toMatchObject({ active: true, client_id: machine.client_id, iss: world.server.issuer });
      expect(await ask(value, gateway)).toEqual(own);
    }
  });

  test('tells a stranger nothing but active: false', async () => {
    for (const value of [opaque, jwt]) expect(await ask(value, stranger)).toEqual(INACTIVE);
  });

  test('of a refresh token is for its own client only', async () => {
    const tokens = await signInFor(world.server, app, user, { scope: 'things:read' });
    expect(await ask(tokens.refresh_token, app)).toMatchObject({ active: true, client_id: app.client_id });
    expect(await ask(tokens.refresh_token, gateway)).toEqual(INACTIVE);
  });

  test('works at every spelling of the path', async () => {
    for (const path of ['/OAUTH/INTROSPECT', '/oauth/introspect/']) {
      const answers = await Promise.all(
        [opaque, jwt].map((value) => post(world.server, path, { token: value }, { as: machine })),
      );
      for (const { body } of answers) expect(body).toMatchObject({ active: true });
    }
  });

  test.each(['access_token', 'refresh_token', 'id_token', 'nonsense'])(
    'the hint %s is a hint, no more',
    async (hint) => {
      const tokens = await signInFor(world.server, app, user, { scope: 'things:read' });
      const more = { token_type_hint: hint };
      expect(await ask(opaque, machine, more)).toMatchObject({ active: true });
      expect(await ask(jwt, machine, more)).toMatchObject({ active: true });
      expect(await ask(tokens.refresh_token, app, more)).toMatchObject({ active: true });
    },
  );

  test('needs client authentication', async () => {
    const answer = await post(world.server, '/oauth/introspect', { token: opaque });
    expect(answer).toMatchObject({ status: 401, body: { error: 'invalid_client' } });
    expect(answer.headers.get('www-authenticate')).toMatch(/^Basic realm="http/);
    const wrong = { ...machine, client_secret: 'wrong' };
    const refused = await post(world.server, '/oauth/introspect', { token: opaque }, { as: wrong });
    expect(refused).toMatchObject({ status: 401, body: { error: 'invalid_client' } });
  });

  test('names the missing token, and refuses two', async () => {
    const none = await post(world.server, '/oauth/introspect', {}, { as: machine });
    expect(none.body.error_description).toMatch(/token/);
    const two: [string, string][] = [
      ['token', opaque],
      ['token', jwt],
    ];
    const twice = await post(world.server, '/oauth/introspect', two, { as: machine });
    expect(twice).toMatchObject({ status: 400, body: { error: 'invalid_request' } });
  });

  test('answers may not be cached', async () => {
    const { headers } = await post(world.server, '/oauth/introspect', { token: opaque }, { as: machine });
    expect(headers.get('cache-control')).toMatch(/no-store/);
  });

  test('an expired token is inactive', async () => {
    await registerApi(world.admin, { scopes: [{ name: 'brief', description: 'Soon over' }], access_token_ttl: 1 });
    const brief = await registerMachine(world.admin, 'brief');
    const value = await machineToken('brief', brief);
    expect(await ask(value, brief)).toMatchObject({ active: true });
    await eventually(async () => !(await isActive(world.server, value, brief)), EXPIRY_MS);
    expect(await ask(value, brief)).toEqual({ active: false, inactive_reason: 'expired' });
  }, 30_000);

  test('a token of a client that was disabled or deleted is inactive', async () => {
    for (const end of [
      (id: string) => world.admin.patch(`/clients/${id}`, { disabled: true }),
      (id: string) => world.admin.delete(`/clients/${id}`),
    ]) {
      const client = await registerMachine(world.admin, 'things:read jwt:read');
      const values = await Promise.all([machineToken('things:read', client), machineToken('jwt:read', client)]);
      for (const value of values) expect(await ask(value, gateway)).toMatchObject({ active: true });
      await end(client.client_id);
      for (const value of values) expect(await ask(value, gateway)).toEqual(INACTIVE);
    }
  });

  describe('of what this server never gave', () => {
    const [header, claims, signature] = [0, 1, 2].map((i) => () => jwt.split('.')[i] ?? '') as [
      () => string,
      () => string,
      () => string,
    ];
    const parse = (encoded: string) => JSON.parse(Buffer.from(encoded, 'base64url').toString());

    test.each<[what: string, make: () => string | Promise<string>]>([
      ['a random string', () => 'A'.repeat(43)],
      ['an empty JWT', () => '..'],
      ['three words', () => 'a.b.c'],
      ['a reference that looks like ours', () => `~${'0'.repeat(64)}~${'A'.repeat(43)}`],
      ['a JWT with a changed signature', () => `${header()}.${claims()}.${signature().split('').reverse().join('')}`],
      ['a JWT with changed claims', () => `${header()}.${part({ ...parse(claims()), scope: 'admin' })}.${signature()}`],
      ['a JWT with alg none', () => `${part({ alg: 'none', typ: 'at+jwt' })}.${claims()}.`],
      [
        'a JWT with alg none and the old signature',
        () => `${part({ alg: 'none', typ: 'at+jwt' })}.${claims()}.${signature()}`,
      ],
      ['a JWT without its signature', () => `${header()}.${claims()}.`],
      [
        'a JWT with another kid',
        async () => `${part({ ...parse(header()), kid: await kidOf('RS256') })}.${claims()}.${signature()}`,
      ],
      ['a JWT with an unknown kid', () => `${part({ ...parse(header()), kid: 'unknown' })}.${claims()}.${signature()}`],
      [
        'a JWT that is not an access token',
        () => `${part({ ...parse(header()), typ: 'JWT' })}.${claims()}.${signature()}`,
      ],
      ["another server's JWT", () => forged({ iss: 'https://elsewhere.example' })],
      ['a JWT in our name, by another key', () => forged({})],
      ['an HMAC with the public key as secret', () => hmacForged()],
    ])('%s is inactive', async (_what, make) => {
      const value = await make();
      expect(value).not.toBe(jwt);
      expect(await ask(value)).toEqual(INACTIVE);
    });

    test('an ID token presented as an access token is inactive', async () => {
      const { id_token } = await signInFor(world.server, app, user);
      expect(await ask(id_token, app)).toEqual(INACTIVE);
    });

    test("a JWT's jti presented as a token is inactive", async () => {
      const { jti } = await ask(jwt);
      expect(jti).toBe(parse(claims()).jti);
      for (const token_type_hint of ['access_token', 'refresh_token']) {
        expect(await ask(jti, machine, { token_type_hint })).toEqual(INACTIVE);
      }
    });

    test('an authorization code presented as a token is inactive, and stays good', async () => {
      const right = await authorize(world.server, app, user);
      expect(await ask(right.code, app)).toEqual(INACTIVE);
      expect(await token(world.server, right, { as: app })).toMatchObject({ status: 200 });
    });

    async function publicKeys(): Promise<{ keys: Record<string, string>[] }> {
      return (await fetch(`${world.server.url}/oauth/jwks`)).json() as Promise<{ keys: Record<string, string>[] }>;
    }

    async function kidOf(alg: string): Promise<string> {
      const { keys } = await publicKeys();
      return keys.find((key) => key.alg === alg)?.kid ?? '';
    }

    async function forged(changes: object): Promise<string> {
      const { privateKey } = await generateKeyPair('ES256');
      const { kid } = decodeProtectedHeader(jwt) as { kid: string };
      return new SignJWT({ ...parse(claims()), ...changes })
        .setProtectedHeader({ alg: 'ES256', typ: 'at+jwt', kid })
        .sign(privateKey);
    }

    async function hmacForged(): Promise<string> {
      const { keys } = await publicKeys();
      const key = keys.find(({ alg }) => alg === 'RS256');
      return new SignJWT(parse(claims()))
        .setProtectedHeader({ alg: 'HS256', typ: 'at+jwt', kid: key?.kid ?? '' })
        .sign(Buffer.from(JSON.stringify(key)));
    }
  });

  test('a public client may ask about its own tokens only', async () => {
    const open = await registerClient(world.admin, { token_endpoint_auth_method: 'none', scope: 'openid things:read' });
    await registerApi(world.admin, {
      scopes: [{ name: 'open:read', description: 'See' }],
      introspection_clients: [open.client_id],
    });
    const other = await registerMachine(world.admin, 'open:read');
    const own = await signInFor(world.server, open, user, { scope: 'things:read' });
    expect(await ask(own.access_token, open)).toMatchObject({ active: true });
    // Anybody can be a public client, so being tied to the API helps it nothing.
    expect(await ask(await machineToken('open:read', other), open)).toEqual(INACTIVE);
  });
});
