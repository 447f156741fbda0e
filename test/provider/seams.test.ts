/**
 * One test for each place where this program relies on more of the engine than its documentation promises. When an upgrade
 * fails here, the sentence says what to rethink, and in which file. Here: requests, clients, tokens as JWTs, errors. Beside
 * it: `seams-grants`, `seams-storage`, `seams-sign-in`.
 */
import { describe, expect, jest, test } from '@jest/globals';
import { decodeJwt } from 'jose';
import compose from 'koa-compose';
import { type AdapterPayload, errors } from 'oidc-provider';
import { TemporarilyUnavailable } from '#src/provider/errors.ts';
import { keepJwtAccessTokens } from '#src/provider/jwt-access-tokens.ts';
import { proofKey } from '../endpoints/proofs.ts';
import { basic } from '../support/http.ts';
import { API, type BareEngine, bareEngine, CLIENT } from './bare-engine.ts';

const MACHINE = { grant_type: 'client_credentials' };
const JWT = { ...MACHINE, resource: API, scope: 'read' };
const methodsOf = ({ calls }: BareEngine, model: string) =>
  calls.filter((call) => call.model === model).map(({ method }) => method);

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

  test('is taken from req.body when the stream has been read, with a remark about it, once', async () => {
    const remark = jest.spyOn(console, 'warn').mockImplementation(() => {});
    const engine = await bareEngine({ before: [handOver(MACHINE)] });
    expect(await engine.post('/token', { grant_type: 'from the wire' })).toMatchObject({ status: 200 });
    remark.mockRestore();
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
    expect(introspection.body).toMatchObject({ active: false });
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

describe('empty-nonces.ts: a DPoP proof with an empty nonce', () => {
  test('makes the engine fail; when it refuses instead, empty-nonces.ts may go', async () => {
    const engine = await bareEngine();
    const dpop = await (await proofKey()).prove('POST', `${engine.url}/token`, { claims: { nonce: '' } });
    const headers = { authorization: basic(CLIENT.client_id, CLIENT.client_secret), dpop };
    expect(await engine.post('/token', MACHINE, headers)).toMatchObject({ status: 500 });
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
