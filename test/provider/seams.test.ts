/**
 * One test for each place where this program relies on more of the engine than its documentation promises. When an upgrade
 * fails here, the sentence says what to rethink, and in which file.
 */
import { randomUUID } from 'node:crypto';
import { describe, expect, test } from '@jest/globals';
import { decodeJwt } from 'jose';
import compose from 'koa-compose';
import type Provider from 'oidc-provider';
import { type AdapterPayload, type Client, errors, type InteractionResults } from 'oidc-provider';
import { TemporarilyUnavailable } from '#src/provider/errors.ts';
import { type GrantContext, issueTokens, proofOfPossession, requestedAccess } from '#src/provider/internals.ts';
import { keepJwtAccessTokens } from '#src/provider/jwt-access-tokens.ts';
import { basic } from '../support/http.ts';
import { API, type BareEngine, bareEngine, CLIENT, REDIRECT_URI } from './bare-engine.ts';

/** The pair of RFC 7636, appendix B. */
const VERIFIER = 'dBjftJeZ4CVP-mB92K27uhbUJU1p1r_wW1gFWFOEjXk';
const CHALLENGE = 'E9Melhoa2OwvFrEMTJguCHaoeK1t8URWbuGJSstw-cM';
const MACHINE = { grant_type: 'client_credentials' };
const JWT = { ...MACHINE, resource: API, scope: 'read' };
const methodsOf = ({ calls }: BareEngine, model: string) =>
  calls.filter((call) => call.model === model).map(({ method }) => method);

/** A code of a user who agreed, put into the engine's own storage. */
async function codeIn({ provider }: BareEngine): Promise<{ code: string; grantId: string }> {
  const client = (await provider.Client.find(CLIENT.client_id)) as Client;
  const grant = new provider.Grant({ accountId: 'ann', clientId: CLIENT.client_id });
  grant.addOIDCScope('openid offline_access');
  const grantId = await grant.save();
  const code = new provider.AuthorizationCode({
    accountId: 'ann',
    client,
    grantId,
    redirectUri: REDIRECT_URI,
    scope: 'openid offline_access',
    authTime: 1,
    codeChallenge: CHALLENGE,
    codeChallengeMethod: 'S256',
  } as never);
  return { code: await code.save(), grantId };
}

const exchange = (engine: BareEngine, code: string) =>
  engine.post('/token', {
    grant_type: 'authorization_code',
    code,
    redirect_uri: REDIRECT_URI,
    code_verifier: VERIFIER,
  });

describe('index.ts: the engine as a list of Koa middleware', () => {
  test('provider.middleware is an array that composes with others', async () => {
    const { provider } = await bareEngine();
    const { middleware } = provider as unknown as { middleware: Parameters<typeof compose>[0] };
    expect(Array.isArray(middleware)).toBe(true);
    expect(middleware.length).toBeGreaterThan(0);
    expect(compose(middleware)).toBeInstanceOf(Function);
  });

  test('paths match in any case and with a slash behind: nothing of ours may compare them exactly', async () => {
    const engine = await bareEngine();
    for (const path of ['/token', '/TOKEN', '/token/', '/Token/']) {
      expect(await engine.post(path, MACHINE)).toMatchObject({ status: 200 });
    }
  });
});

describe('forms.ts: a form that was read before the engine', () => {
  const handOver = (form: object) => async (ctx: any, next: () => Promise<unknown>) => {
    for await (const _ of ctx.req);
    Object.assign(ctx.req, { body: Object.assign(Object.create(null), form) });
    await next();
  };

  test('is taken from req.body when the stream has been read', async () => {
    const engine = await bareEngine({ before: [handOver(MACHINE)] });
    expect(await engine.post('/token', { grant_type: 'from the wire' })).toMatchObject({ status: 200 });
  });

  test('keeps a repeated parameter repeated, so that the engine refuses it', async () => {
    const engine = await bareEngine({
      before: [handOver({ grant_type: ['client_credentials', 'client_credentials'] })],
    });
    const answer = await engine.post('/token', { a: 'b' });
    expect(answer).toMatchObject({ status: 400, body: { error: 'invalid_request' } });
  });
});

describe('client-secrets.ts: comparing secrets', () => {
  test.each([
    ['true', 200],
    ['false', 401],
  ])('Client.prototype.compareClientSecret decides alone, and a promise of %s is awaited', async (fits, status) => {
    const seen: string[] = [];
    const engine = await bareEngine({
      prepare({ Client: model }) {
        Object.assign(model.prototype, {
          async compareClientSecret(actual: string) {
            seen.push(actual);
            return fits === 'true';
          },
        });
      },
    });
    const headers = { authorization: basic(CLIENT.client_id, 'anything') };
    expect(await engine.post('/token', MACHINE, headers)).toMatchObject({ status });
    expect(seen).toEqual(['anything']);
  });
});

describe('client-metadata.ts: our own members of a client', () => {
  test('appear on the engine’s Client under their own names; the adapter is asked at every request', async () => {
    const row = {
      ...CLIENT,
      client_id: 'ours',
      redirect_uris: [],
      response_types: [],
      grant_types: ['client_credentials'],
    };
    let shade = 'blue';
    const engine = await bareEngine({
      configuration: { extraClientMetadata: { properties: ['shade', 'nested'] } },
      adapter: (model, memory) =>
        model === 'Client'
          ? { ...memory, find: async () => ({ ...row, shade, nested: { a: [1] } }) as AdapterPayload }
          : memory,
    });
    expect(await engine.provider.Client.find('ours')).toMatchObject({ shade: 'blue', nested: { a: [1] } });
    shade = 'red';
    expect(await engine.provider.Client.find('ours')).toMatchObject({ shade: 'red' });
  });

  test('Client.validate names what is wrong with a registration as InvalidClientMetadata', async () => {
    const { provider } = await bareEngine();
    const wrong = provider.Client.validate({ client_id: 'x', token_endpoint_auth_method: 'nonsense' } as never);
    await expect(wrong).rejects.toThrow(errors.InvalidClientMetadata);
    await expect(wrong).rejects.toMatchObject({ error_description: expect.stringMatching(/^[a-z_]+\W/) });
  });
});

describe('jwt-access-tokens.ts: rows for JWTs', () => {
  test('the engine alone keeps none', async () => {
    const engine = await bareEngine();
    expect(await engine.post('/token', JWT)).toMatchObject({ status: 200 });
    expect(methodsOf(engine, 'ClientCredentials')).toEqual([]);
  });

  test('a payload returned from getValueAndPayload is stored under the jti, as a row that is no bearer value', async () => {
    const engine = await bareEngine({ prepare: keepJwtAccessTokens });
    const { body } = await engine.post('/token', JWT);
    const claims = decodeJwt(body.access_token);
    const stored = engine.calls.find(({ model, method }) => model === 'ClientCredentials' && method === 'upsert');
    expect(stored).toMatchObject({
      id: claims.jti,
      payload: {
        kind: 'ClientCredentials',
        format: 'jwt',
        aud: API,
        clientId: CLIENT.client_id,
        exp: claims.exp,
        iat: claims.iat,
      },
    });
    // Found, but refused: `format` is not `opaque`.
    expect(engine.rows.has(`ClientCredentials:${claims.jti}`)).toBe(true);
    expect(await engine.provider.ClientCredentials.find(claims.jti as string)).toBeUndefined();
    const introspection = await engine.post('/token/introspection', { token: claims.jti as string });
    expect(introspection.body).toEqual({ active: false });
  });

  test('without `format` in what the adapter finds, the same row opens: what a verified JWT is exchanged for', async () => {
    const engine = await bareEngine({ prepare: keepJwtAccessTokens });
    const { jti } = decodeJwt((await engine.post('/token', JWT)).body.access_token);
    const { format: _, ...row } = engine.rows.get(`ClientCredentials:${jti}`) ?? {};
    engine.rows.set('ClientCredentials:reference', row as AdapterPayload);
    expect((await engine.post('/token/introspection', { token: 'reference' })).body).toMatchObject({
      active: true,
      jti,
      aud: API,
    });
  });
});

describe('structured-tokens.ts: JWTs at introspection and revocation', () => {
  test.each(['/token/introspection', '/token/revocation'])(
    'the engine refuses them at %s, also unsigned ones',
    async (path) => {
      const engine = await bareEngine();
      for (const token of ['eyJhbGciOiJFUzI1NiJ9.e30.c2ln', 'eyJhbGciOiJub25lIn0.e30.']) {
        expect(await engine.post(path, { token })).toMatchObject({
          status: 400,
          body: { error: 'unsupported_token_type' },
        });
      }
    },
  );
});

describe('internals.ts: what the engine’s own grants are made of', () => {
  const GRANT = 'test-grant';

  const registered = () =>
    bareEngine({
      client: { grant_types: [GRANT, 'refresh_token'], redirect_uris: [], response_types: [] },
      configuration: { issueRefreshToken: async () => true },
      prepare: (provider: Provider) =>
        provider.registerGrantType(GRANT, handler(provider) as never, ['scope', 'resource'], ['resource']),
    });

  function handler(provider: Provider) {
    return async (ctx: GrantContext) => {
      const proof = await proofOfPossession(provider, ctx);
      const { scopes, resourceServers } = await requestedAccess(provider, ctx);
      const grant = new provider.Grant({ accountId: 'ann', clientId: ctx.oidc.client.clientId });
      grant.addOIDCScope('openid');
      if (resourceServers[0]) grant.addResourceScope(resourceServers[0].identifier(), [...scopes].join(' '));
      const source = new provider.AuthorizationCode({
        accountId: 'ann',
        client: ctx.oidc.client,
        grantId: await grant.save(),
        gty: GRANT,
        scope: [...scopes].join(' '),
        authTime: 7,
        amr: ['pwd'],
        ...(resourceServers[0] && { resource: resourceServers[0].identifier() }),
      } as never);
      await issueTokens(provider, ctx, { source, grant, grantType: GRANT, proof });
    };
  }

  test('issueTokens turns a source of ours into the whole token response', async () => {
    const engine = await registered();
    const { status, body } = await engine.post('/token', { grant_type: GRANT, scope: 'openid' });
    expect(status).toBe(200);
    expect(body).toMatchObject({
      access_token: expect.any(String),
      refresh_token: expect.any(String),
      token_type: 'Bearer',
    });
    expect(decodeJwt(body.id_token)).toMatchObject({ sub: 'ann', aud: CLIENT.client_id });
    const refreshed = await engine.post('/token', { grant_type: 'refresh_token', refresh_token: body.refresh_token });
    expect(refreshed).toMatchObject({ status: 200 });
  });

  test('requestedAccess resolves the resource, and issueTokens gives a token for it', async () => {
    const engine = await registered();
    const { body } = await engine.post('/token', { grant_type: GRANT, scope: 'openid read', resource: API });
    expect(decodeJwt(body.access_token)).toMatchObject({ aud: API, scope: 'read' });
  });

  test('the source that issueTokens is given is not itself stored', async () => {
    const engine = await registered();
    await engine.post('/token', { grant_type: GRANT, scope: 'openid' });
    expect(methodsOf(engine, 'AuthorizationCode')).toEqual([]);
  });

  test('proofOfPossession refuses a proof that is none', async () => {
    const engine = await registered();
    const headers = { authorization: basic(CLIENT.client_id, CLIENT.client_secret), dpop: 'nonsense' };
    const answer = await engine.post('/token', { grant_type: GRANT, scope: 'openid' }, headers);
    expect(answer).toMatchObject({ status: 400, body: { error: 'invalid_dpop_proof' } });
  });
});

describe('token-adapter.ts, record-adapters.ts: what is asked of the adapter', () => {
  test('a code is consumed once, before tokens are saved; used again, the engine destroys its Grant', async () => {
    const engine = await bareEngine();
    const { code, grantId } = await codeIn(engine);
    engine.calls.length = 0;
    expect(await exchange(engine, code)).toMatchObject({ status: 200 });
    const writes = engine.calls.filter(({ method }) => ['consume', 'upsert', 'destroy'].includes(method));
    expect(writes.map(({ model, method }) => `${model}.${method}`)).toEqual([
      'AuthorizationCode.consume',
      'AccessToken.upsert',
      'RefreshToken.upsert',
    ]);
    engine.calls.length = 0;
    expect(await exchange(engine, code)).toMatchObject({ status: 400, body: { error: 'invalid_grant' } });
    expect(engine.calls).toContainEqual({ model: 'Grant', method: 'destroy', id: grantId });
  });

  test('a refresh consumes one token, saves two, and a reuse destroys the Grant', async () => {
    const engine = await bareEngine({ configuration: { rotateRefreshToken: true } });
    const { code, grantId } = await codeIn(engine);
    const { body } = await exchange(engine, code);
    engine.calls.length = 0;
    const refresh = () => engine.post('/token', { grant_type: 'refresh_token', refresh_token: body.refresh_token });
    expect(await refresh()).toMatchObject({ status: 200 });
    const writes = engine.calls.filter(({ method }) => ['consume', 'upsert', 'destroy'].includes(method));
    expect(writes.map(({ model, method }) => `${model}.${method}`)).toEqual([
      'RefreshToken.consume',
      'RefreshToken.upsert',
      'AccessToken.upsert',
    ]);
    expect(await refresh()).toMatchObject({ status: 400 });
    expect(engine.calls).toContainEqual({ model: 'Grant', method: 'destroy', id: grantId });
  });

  test('revokeGrantPolicy is told the route and the token, and keeps the Grant when it says so', async () => {
    const seen: unknown[] = [];
    const engine = await bareEngine({
      configuration: {
        revokeGrantPolicy: (ctx) => {
          seen.push([ctx.oidc.route, 'AccessToken' in ctx.oidc.entities]);
          return false;
        },
      },
    });
    const { code, grantId } = await codeIn(engine);
    const { body } = await exchange(engine, code);
    expect(await engine.post('/token/revocation', { token: body.access_token })).toMatchObject({ status: 200 });
    expect(seen).toEqual([['revocation', true]]);
    expect(engine.rows.has(`Grant:${grantId}`)).toBe(true);
  });

  test('a device code found by its user code is saved again under the jti that the adapter gave it', async () => {
    const engine = await bareEngine({
      configuration: { features: { deviceFlow: { enabled: true } } },
      client: { grant_types: ['urn:ietf:params:oauth:grant-type:device_code'], redirect_uris: [], response_types: [] },
      adapter: (model, memory) =>
        model === 'DeviceCode'
          ? {
              ...memory,
              async findByUserCode(userCode) {
                const found = await memory.findByUserCode(userCode);
                return found && { ...found, jti: '~reference~' };
              },
            }
          : memory,
    });
    const started = await engine.post('/device/auth', { client_id: CLIENT.client_id, scope: 'openid' });
    const code = await engine.provider.DeviceCode.findByUserCode(started.body.user_code.replace('-', ''), {
      ignoreExpiration: true,
    });
    engine.calls.length = 0;
    await code?.save();
    expect(engine.calls).toMatchObject([{ model: 'DeviceCode', method: 'upsert', id: '~reference~' }]);
  });

  test('a pushed request names its client inside its unsigned JWT, and nowhere else', async () => {
    const engine = await bareEngine();
    const asked = {
      client_id: CLIENT.client_id,
      response_type: 'code',
      redirect_uri: REDIRECT_URI,
      scope: 'openid',
      code_challenge: 'A'.repeat(43),
      code_challenge_method: 'S256',
    };
    expect(await engine.post('/request', asked)).toMatchObject({ status: 201 });
    const { payload } =
      engine.calls.find(({ model, method }) => model === 'PushedAuthorizationRequest' && method === 'upsert') ?? {};
    expect(decodeJwt(payload?.request as string)).toMatchObject({ iss: CLIENT.client_id, client_id: CLIENT.client_id });
    expect(payload?.clientId).toBeUndefined();
  });

  test('ReplayDetection asks first, then writes: two at once both find nothing', async () => {
    const engine = await bareEngine();
    const jti = randomUUID();
    const exp = Math.floor(Date.now() / 1000) + 60;
    const { ReplayDetection } = engine.provider;
    const unique = await Promise.all([1, 2].map(() => ReplayDetection.unique('client', jti, exp)));
    expect(unique).toEqual([true, true]);
    expect(methodsOf(engine, 'ReplayDetection')).toEqual(['find', 'find', 'upsert', 'upsert']);
    expect(await ReplayDetection.unique('client', jti, exp)).toBe(false);
  });
});

/** What the engine's types leave out of Session. */
interface Saved {
  readonly uid: string;
  readonly jti: string;
  save(ttl: number): Promise<string>;
  resetIdentifier(): void;
}

describe('interactions/: the way through a sign-in', () => {
  async function untilLogin(engine: BareEngine) {
    const asked = new URLSearchParams({
      client_id: CLIENT.client_id,
      response_type: 'code',
      redirect_uri: REDIRECT_URI,
      scope: 'openid',
      code_challenge: 'A'.repeat(43),
      code_challenge_method: 'S256',
    });
    const response = await fetch(`${engine.url}/auth?${asked}`, { redirect: 'manual' });
    const uid = response.headers.get('location')?.split('/').at(-1) ?? '';
    const cookie = response.headers
      .getSetCookie()
      .map((header) => header.split(';')[0])
      .join('; ');
    return { uid, cookie };
  }

  /** A page of ours at the interaction's URL, which answers at once. */
  const answering =
    (made: { provider?: Provider }, result: InteractionResults) => async (ctx: any, next: () => Promise<unknown>) => {
      if (!ctx.path.startsWith('/interaction/') || !made.provider) return next();
      const details = await made.provider.interactionDetails(ctx.req, ctx.res).catch((error: Error) => error);
      if (details instanceof Error) {
        ctx.body = { found: details instanceof errors.SessionNotFound ? 'nothing' : String(details) };
        return undefined;
      }
      const returnTo = await made.provider.interactionResult(ctx.req, ctx.res, result, {
        mergeWithLastSubmission: true,
      });
      ctx.body = { returnTo, prompt: details.prompt.name, params: details.params, uid: details.uid };
    };

  test('interactionDetails wants the cookie and says SessionNotFound without; interactionResult leads back to the route', async () => {
    const made: { provider?: Provider } = {};
    const engine = await bareEngine({ before: [answering(made, { login: { accountId: 'ann', amr: ['pwd'] } })] });
    made.provider = engine.provider;
    const { uid, cookie } = await untilLogin(engine);
    const ask = async (headers: Record<string, string>) =>
      (await fetch(`${engine.url}/interaction/${uid}`, { headers })).json() as Promise<any>;
    expect(await ask({})).toEqual({ found: 'nothing' });
    expect(await ask({ cookie })).toMatchObject({
      uid,
      prompt: 'login',
      params: { client_id: CLIENT.client_id, scope: 'openid' },
      returnTo: `${engine.url}/auth/${uid}`,
    });
    const stored = engine.rows.get(`Interaction:${uid}`);
    expect(stored).toMatchObject({ returnTo: `${engine.url}/auth/${uid}`, result: { login: { accountId: 'ann' } } });
  });

  test('the session is saved with its account, and the interaction that follows copies the session’s cookie, which ours drops', async () => {
    const made: { provider?: Provider } = {};
    const engine = await bareEngine({ before: [answering(made, { login: { accountId: 'ann' } })] });
    made.provider = engine.provider;
    const { uid, cookie } = await untilLogin(engine);
    await fetch(`${engine.url}/interaction/${uid}`, { headers: { cookie } });
    engine.calls.length = 0;
    await fetch(`${engine.url}/auth/${uid}`, { headers: { cookie }, redirect: 'manual' });
    const first = engine.calls.filter(({ model, method }) => model === 'Session' && method === 'upsert').at(0);
    expect(first?.payload).toMatchObject({ accountId: 'ann', uid: expect.any(String) });
    const interaction = engine.calls.find(({ model, method }) => model === 'Interaction' && method === 'upsert');
    expect(interaction?.payload?.session).toMatchObject({ accountId: 'ann', cookie: expect.any(String) });
  });

  test('resetIdentifier then save destroys the old cookie’s row before it writes the new one, under the same uid', async () => {
    const engine = await bareEngine();
    const session = new engine.provider.Session() as unknown as Saved;
    await session.save(60);
    const { uid, jti: old } = session;
    engine.calls.length = 0;
    session.resetIdentifier();
    await session.save(60);
    expect(engine.calls).toMatchObject([
      { model: 'Session', method: 'destroy', id: old },
      { model: 'Session', method: 'upsert', id: session.jti, payload: { uid } },
    ]);
  });
});

describe('errors.ts: errors of ours in the engine’s answers', () => {
  const failing = async (error: Error) => {
    const engine = await bareEngine({
      prepare: (provider) =>
        provider.registerGrantType('fail', async () => {
          throw error;
        }),
      client: { grant_types: ['fail'], redirect_uris: [], response_types: [] },
    });
    return engine.post('/token', { grant_type: 'fail' });
  };

  test('an OIDCProviderError that exposes itself keeps its status, code and description', async () => {
    expect(await failing(new TemporarilyUnavailable())).toMatchObject({
      status: 503,
      body: { error: 'temporarily_unavailable', error_description: expect.any(String) },
    });
  });

  test('a CustomOIDCProviderError says its description, InvalidGrant keeps its detail to itself', async () => {
    const said = await failing(new errors.CustomOIDCProviderError('invalid_grant', 'said'));
    expect(said).toEqual({ status: 400, body: { error: 'invalid_grant', error_description: 'said' } });
    const kept = await failing(new errors.InvalidGrant('kept'));
    expect(kept).toMatchObject({ status: 400, body: { error: 'invalid_grant' } });
    expect(JSON.stringify(kept.body)).not.toContain('kept');
  });

  test('what nobody foresaw is a server_error without its message', async () => {
    const answer = await failing(new Error('the secret of the matter'));
    expect(answer).toMatchObject({ status: 500, body: { error: 'server_error' } });
    expect(JSON.stringify(answer.body)).not.toContain('secret');
  });
});
