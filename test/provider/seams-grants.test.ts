/**
 * What grants of ours are made of (`src/provider/internals.ts`): see `seams.test.ts`.
 */
import { describe, expect, test } from '@jest/globals';
import { decodeJwt } from 'jose';
import type Provider from 'oidc-provider';
import { type GrantContext, issueTokens, proofOfPossession, requestedAccess } from '#src/provider/internals.ts';
import { basic } from '../support/http.ts';
import { API, type BareEngine, bareEngine, CLIENT } from './bare-engine.ts';

const methodsOf = ({ calls }: BareEngine, model: string) =>
  calls.filter((call) => call.model === model).map(({ method }) => method);

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
