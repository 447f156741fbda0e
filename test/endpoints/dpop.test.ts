import { beforeAll, describe, expect, test } from '@jest/globals';
import * as client from 'openid-client';
import { configure } from '../flows/relying-party.ts';
import {
  REDIRECT_URI,
  type RegisteredClient,
  type RegisteredUser,
  registerApi,
  registerClient,
  registerMachine,
  registerUser,
} from '../support/clients.ts';
import { ENGINES } from '../support/database.ts';
import { signIn } from '../support/flow.ts';
import { type ProofKey, proofKey } from './proofs.ts';
import { authorize, get, granted, introspect, isActive, refreshed, startWorld, token, type World } from './protocol.ts';

describe.each(ENGINES)('DPoP (RFC 9449) on %s', (engine) => {
  let world: World;
  let user: RegisteredUser;
  let app: RegisteredClient;
  let machine: RegisteredClient;
  let key: ProofKey;
  let tokenUrl: string;

  beforeAll(async () => {
    world = await startWorld(engine);
    tokenUrl = `${world.server.issuer}/oauth/token`;
    key = await proofKey();
    await registerApi(world.admin);
    await registerApi(world.admin, { scopes: [{ name: 'jwt:read', description: 'See' }], access_token_format: 'jwt' });
    user = await registerUser(world.admin);
    app = await registerClient(world.admin, {
      scope: 'openid things:read jwt:read',
      grant_types: ['authorization_code', 'refresh_token', 'password'],
    });
    machine = await registerMachine(world.admin, 'things:read jwt:read', { dpop_bound_access_tokens: true });
  });

  const askWith = (proof: string | undefined, parameters: Record<string, string>, as: RegisteredClient = machine) =>
    token(world.server, parameters, { as, headers: proof ? { dpop: proof } : {} });
  const MACHINE = { grant_type: 'client_credentials', scope: 'things:read' };

  test('openid-client signs in, refreshes and reads userinfo with bound tokens', async () => {
    const config = await configure(world.server, app);
    const keys = await client.randomDPoPKeyPair('ES256');
    const DPoP = client.getDPoPHandle(config, keys);
    const verifier = client.randomPKCECodeVerifier();
    const url = client.buildAuthorizationUrl(config, {
      redirect_uri: REDIRECT_URI,
      scope: 'openid',
      code_challenge: await client.calculatePKCECodeChallenge(verifier),
      code_challenge_method: 'S256',
      dpop_jkt: await DPoP.calculateThumbprint(),
    });
    const callback = await signIn(url, { ...user, redirectUri: REDIRECT_URI });
    const tokens = await client.authorizationCodeGrant(config, callback, { pkceCodeVerifier: verifier }, undefined, {
      DPoP,
    });
    expect(tokens.token_type.toLowerCase()).toBe('dpop');
    const claims = await client.fetchUserInfo(config, tokens.access_token, user.id, { DPoP });
    expect(claims.sub).toBe(user.id);
    const next = await client.refreshTokenGrant(config, tokens.refresh_token as string, undefined, { DPoP });
    expect(next.token_type.toLowerCase()).toBe('dpop');
  });

  test.each(['things:read', 'jwt:read'])(
    'binds a token for %s to the key, and introspection says so',
    async (scope) => {
      const tokens = granted(await askWith(await key.prove('POST', tokenUrl), { ...MACHINE, scope }));
      expect(tokens.token_type).toBe('DPoP');
      const introspected = await introspect(world.server, tokens.access_token, machine);
      expect(introspected).toMatchObject({ active: true, token_type: 'DPoP', cnf: { jkt: key.thumbprint } });
    },
  );

  test('is demanded where the client is registered so', async () => {
    expect((await askWith(undefined, MACHINE)).status).toBe(400);
  });

  test('a proof sent twice is refused the second time', async () => {
    const proof = await key.prove('POST', tokenUrl);
    expect(await askWith(proof, MACHINE)).toMatchObject({ status: 200 });
    expect((await askWith(proof, MACHINE)).status).toBe(400);
  });

  test('a proof sent by many requests at once gives tokens to at most one of them', async () => {
    for (const scope of ['things:read', 'jwt:read']) {
      const proof = await key.prove('POST', tokenUrl);
      const answers = await Promise.all(Array.from({ length: 20 }, () => askWith(proof, { ...MACHINE, scope })));
      expect(answers.filter(({ status }) => status === 200)).toHaveLength(1);
      expect(answers.filter(({ status }) => status === 400)).toHaveLength(19);
    }
  });

  test('a proof is the password grant’s too: the same one twice is refused', async () => {
    const { username, password } = user;
    const asked = { grant_type: 'password', username, password, scope: 'things:read' };
    const proof = await key.prove('POST', tokenUrl);
    const tokens = granted(await askWith(proof, asked, app));
    expect(await introspect(world.server, tokens.access_token, app)).toMatchObject({ cnf: { jkt: key.thumbprint } });
    expect(await askWith(proof, asked, app)).toMatchObject({ status: 400, body: { error: 'invalid_grant' } });
  });

  test.each<[what: string, make: () => Promise<string>]>([
    ['that is no JWT', async () => 'nonsense'],
    ['for another method', () => key.prove('GET', tokenUrl)],
    ['for another endpoint', () => key.prove('POST', `${world.server.issuer}/oauth/par`)],
    ['for another server', () => key.prove('POST', 'https://elsewhere.example/oauth/token')],
    ['that is old', () => key.prove('POST', tokenUrl, { claims: { iat: Math.floor(Date.now() / 1000) - 3600 } })],
    ['without a jti', () => key.prove('POST', tokenUrl, { claims: { jti: undefined } })],
    ['with a nonce that we never gave', () => key.prove('POST', tokenUrl, { claims: { nonce: 'x' } })],
    ['with an empty nonce', () => key.prove('POST', tokenUrl, { claims: { nonce: '' } })],
    ['of another type', () => key.prove('POST', tokenUrl, { header: { typ: 'JWT' } })],
    ['with a changed signature', async () => `${(await key.prove('POST', tokenUrl)).slice(0, -8)}AAAAAAAA`],
    ['without signature', async () => unsigned(await key.prove('POST', tokenUrl))],
  ])('a proof %s is invalid_dpop_proof', async (_what, make) => {
    const answer = await askWith(await make(), MACHINE);
    expect(answer).toMatchObject({ status: 400, body: { error: 'invalid_dpop_proof' } });
  });

  test('a code asked for with a key is exchanged with this key only', async () => {
    const right = await authorize(world.server, app, user, { dpop_jkt: key.thumbprint });
    const other = await proofKey();
    expect(await askWith(undefined, right, app)).toMatchObject({ status: 400, body: { error: 'invalid_grant' } });
    const again = await authorize(world.server, app, user, { dpop_jkt: key.thumbprint });
    const wrong = await askWith(await other.prove('POST', tokenUrl), again, app);
    expect(wrong).toMatchObject({ status: 400, body: { error: 'invalid_grant' } });
  });

  test("a public client's refresh token works with its key only (RFC 9449 §5)", async () => {
    const open = await registerClient(world.admin, { token_endpoint_auth_method: 'none' });
    const first = granted(
      await askWith(await key.prove('POST', tokenUrl), await authorize(world.server, open, user), open),
    );
    const other = await proofKey();
    const asked = { grant_type: 'refresh_token', refresh_token: first.refresh_token };
    expect(await refreshed(world.server, first.refresh_token, open)).toMatchObject({ status: 400 });
    expect((await askWith(await other.prove('POST', tokenUrl), asked, open)).status).toBe(400);
    expect(await isActive(world.server, first.access_token, open)).toBe(true);
    expect(await askWith(await key.prove('POST', tokenUrl), asked, open)).toMatchObject({ status: 200 });
  });

  describe('at userinfo', () => {
    let accessToken: string;
    let url: string;

    beforeAll(async () => {
      url = `${world.server.issuer}/oauth/userinfo`;
      const right = await authorize(world.server, app, user);
      accessToken = granted(await askWith(await key.prove('POST', tokenUrl), right, app)).access_token;
    });

    const userinfo = (scheme: string, dpop?: string) =>
      get(world.server, '/oauth/userinfo', { authorization: `${scheme} ${accessToken}`, ...(dpop && { dpop }) });

    test('a bound token needs its proof', async () => {
      const proof = await key.prove('GET', url, { accessToken });
      expect(await userinfo('DPoP', proof)).toMatchObject({ status: 200, body: { sub: user.id } });
      const replayed = await userinfo('DPoP', proof);
      expect(replayed.status).toBe(401);
      expect(replayed.headers.get('www-authenticate')).toMatch(/DPoP .*error=/);
    });

    test('a bound token is nothing as a bearer token, nor with a proof that is not its own', async () => {
      const other = await proofKey();
      const attempts = [
        await userinfo('Bearer'),
        await userinfo('Bearer', await key.prove('GET', url, { accessToken })),
        await userinfo('DPoP'),
        await userinfo('DPoP', await other.prove('GET', url, { accessToken })),
        await userinfo('DPoP', await key.prove('GET', url)),
        await userinfo('DPoP', await key.prove('GET', url, { accessToken, claims: { nonce: '' } })),
        await userinfo('DPoP', await key.prove('GET', url, { accessToken: 'another' })),
      ];
      for (const { status, body } of attempts) {
        expect([400, 401]).toContain(status);
        expect(body).not.toHaveProperty('sub');
      }
    });

    test('a proof raced is good once', async () => {
      const proof = await key.prove('GET', url, { accessToken });
      const answers = await Promise.all(Array.from({ length: 10 }, () => userinfo('DPoP', proof)));
      expect(answers.filter(({ status }) => status === 200)).toHaveLength(1);
      // Whoever reads userinfo is a program: refusals are JSON, whichever of the checks was lost.
      for (const { status, body } of answers.filter((answer) => answer.status !== 200)) {
        expect([400, 401]).toContain(status);
        expect(body).toMatchObject({ error: expect.any(String) });
      }
    });
  });

  test('a bound admin token is not accepted as a bearer token by the admin API', async () => {
    const { client_id, client_secret } = world.server.admin;
    const asked = { grant_type: 'client_credentials', scope: 'users:read' };
    const headers = { dpop: await key.prove('POST', tokenUrl) };
    const tokens = granted(await token(world.server, asked, { as: { client_id, client_secret }, headers }));
    const answer = await get(world.server, '/api/v1/users', { authorization: `Bearer ${tokens.access_token}` });
    expect(answer.status).toBe(401);
  });
});

const unsigned = (jwt: string): string => {
  const [header = '', claims = ''] = jwt.split('.');
  const none = { ...JSON.parse(Buffer.from(header, 'base64url').toString()), alg: 'none' };
  return `${Buffer.from(JSON.stringify(none)).toString('base64url')}.${claims}.`;
};
