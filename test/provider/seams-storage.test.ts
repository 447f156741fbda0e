/**
 * What the engine asks of its adapter, and in which order (`src/provider/token-adapter.ts`, `record-adapters.ts`): see
 * `seams.test.ts`.
 */
import { randomUUID } from 'node:crypto';
import { describe, expect, test } from '@jest/globals';
import { decodeJwt } from 'jose';
import type { Client } from 'oidc-provider';
import { type BareEngine, bareEngine, CLIENT, REDIRECT_URI } from './bare-engine.ts';

/** The pair of RFC 7636, appendix B. */
const VERIFIER = 'dBjftJeZ4CVP-mB92K27uhbUJU1p1r_wW1gFWFOEjXk';
const CHALLENGE = 'E9Melhoa2OwvFrEMTJguCHaoeK1t8URWbuGJSstw-cM';
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

describe('time-ordered-tokens.ts: how the engine names what it saves', () => {
  const MODELS = [
    'AccessToken',
    'AuthorizationCode',
    'ClientCredentials',
    'DeviceCode',
    'PushedAuthorizationRequest',
    'RefreshToken',
  ] as const;

  test.each(MODELS)('it asks generateTokenId of the prototype of %s, once, when it saves one', async (model) => {
    const { provider, rows } = await bareEngine();
    const client = (await provider.Client.find(CLIENT.client_id)) as Client;
    const prototype = provider[model].prototype as unknown as { generateTokenId(): string };
    const asked: unknown[] = [];
    prototype.generateTokenId = function named(this: { format?: string }) {
      asked.push(this);
      this.format = 'opaque';
      return 'a-name-of-ours';
    };
    const token = new provider[model]({ client, accountId: 'ann', grantId: 'grant', request: 'x' } as never);
    await (token.save as (ttl: number) => Promise<unknown>)(60);
    expect(asked).toEqual([token]);
    expect([...rows.keys()]).toEqual([expect.stringContaining('a-name-of-ours')]);
  });

  test('there it settles in which format an access token is', async () => {
    const { provider } = await bareEngine();
    const client = (await provider.Client.find(CLIENT.client_id)) as Client;
    const token = new provider.ClientCredentials({ client } as never) as unknown as {
      format?: string;
      generateTokenId(): string;
    };
    expect(token.format).toBeUndefined();
    token.generateTokenId();
    expect(token.format).toBe('opaque');
  });
});
