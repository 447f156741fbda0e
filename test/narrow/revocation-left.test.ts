/** What the narrow path leaves to the engine of revocation: what is not plain, what is to be refused, and what needs more looking up. */
import { beforeAll, describe, expect, test } from '@jest/globals';
import { decodeJwt } from 'jose';
import { authorize, granted, pkce, post, refreshed, token } from '../endpoints/protocol.ts';
import { REDIRECT_URI, registerClient } from '../support/clients.ts';
import { ENGINES } from '../support/database.ts';
import { eventually } from '../support/eventually.ts';
import { basic } from '../support/http.ts';
import { as, taken } from './both-ways.ts';
import { BY_THE_ENGINE, type Pair, type Revoking, SCOPE, startRevoking } from './revoking.ts';

describe.each(ENGINES)('Left to the engine on %s, when it is to be revoked, is', (engine) => {
  let scene: Revoking;

  beforeAll(async () => {
    scene = await startRevoking(engine);
  }, 60_000);

  test.each(['access_token', 'refresh_token'])('the %s of another client, which stays good', async (kind) => {
    const other = await scene.registered();
    const value = (await scene.ofPerson())[kind];
    expect(await scene.revokeEach([value, value], other)).toMatchObject({
      status: 400,
      narrow: false,
      body: { error: 'invalid_request' },
    });
    expect(await scene.active(value, scene.app)).toBe(true);
  });

  test('a refresh token that was used: what came of it ends', async () => {
    const client = await scene.registered();
    const [one, another] = [await scene.ofPerson(client), await scene.ofPerson(client)];
    for (const { refresh_token } of [one, another]) await refreshed(scene.world.server, refresh_token, client);
    expect(await scene.revokeEach([one.refresh_token, another.refresh_token], client)).toMatchObject(BY_THE_ENGINE);
    expect(await scene.living(client)).toEqual([]);
  });

  test('a token that is over', async () => {
    const brief = await scene.registeredMachine({ access_token_ttl: 1 });
    const pair: Pair = [await scene.ofMachine(brief), await scene.ofMachine(brief)];
    for (const value of pair) await eventually(async () => !(await scene.active(value, brief)));
    expect(await scene.revokeEach(pair, brief)).toMatchObject(BY_THE_ENGINE);
  });

  test('a JWT, and the name of one, which ends nothing', async () => {
    const pair: Pair = [
      await scene.ofMachine(scene.machine, 'jwt:read'),
      await scene.ofMachine(scene.machine, 'jwt:read'),
    ];
    const asked = { grant_type: 'client_credentials', scope: 'jwt:read' };
    const named = granted(await post(...scene.ways.wide('/oauth/token'), asked, { as: scene.machine })).access_token;
    const { jti = '' } = decodeJwt(named);
    expect(jti).toHaveLength(24);
    expect(await scene.revokeEach([jti, jti], scene.machine)).toMatchObject(BY_THE_ENGINE);
    expect(await scene.active(named, scene.machine)).toBe(true);
    expect(await scene.revokeEach(pair, scene.machine)).toMatchObject(BY_THE_ENGINE);
    await scene.expectRevoked(pair, scene.machine);
  });

  test('a personal access token, which is not for an app to take back', async () => {
    const wanted = { user_id: scene.user.id, name: 'Backup', scopes: ['things:read'], audience: scene.api.identifier };
    const { token: value } = (await scene.world.admin.post('/pats', wanted)).body;
    expect(await scene.revokeEach([value, value], scene.app)).toMatchObject({ status: 400, narrow: false });
    const valid = await scene.world.admin.post('/pats/validate', { token: value, audience: scene.api.identifier });
    expect(valid.status).toBe(204);
  });

  test('an authorization code, which stays good', async () => {
    const { code, ...rest } = await authorize(scene.world.server, scene.app, scene.user, { visitor: scene.visitor });
    expect(await scene.revokeEach([code, code], scene.app)).toMatchObject(BY_THE_ENGINE);
    expect(await token(scene.world.server, { code, ...rest }, { as: scene.app })).toMatchObject({ status: 200 });
  });

  test('a pushed request, which stays good', async () => {
    const { verifier, challenge } = pkce();
    const asked = {
      client_id: scene.app.client_id,
      response_type: 'code',
      redirect_uri: REDIRECT_URI,
      scope: 'openid',
    };
    const how = { ...asked, code_challenge: challenge, code_challenge_method: 'S256' };
    const { request_uri } = (await post(scene.world.server, '/oauth/par', how, { as: scene.app })).body;
    const id = request_uri.split(':').at(-1);
    for (const value of [request_uri, id]) {
      expect(await scene.revokeEach([value, value], scene.app)).toMatchObject(BY_THE_ENGINE);
    }
    const { code } = await authorize(scene.world.server, scene.app, scene.user, {
      visitor: scene.visitor,
      request_uri,
    });
    const exchange = { grant_type: 'authorization_code', code, redirect_uri: REDIRECT_URI, code_verifier: verifier };
    expect(await token(scene.world.server, exchange, { as: scene.app })).toMatchObject({ status: 200 });
  });

  test.each<[string, string, number]>([
    ['no token', '', 400],
    ['what is none', 'a b', 200],
    ['a reference that somebody made up', `~${'0'.repeat(64)}~${'A'.repeat(43)}`, 200],
  ])('%s', async (_, value, status) => {
    expect(await scene.revokeEach([value, value], scene.machine)).toMatchObject({ status, narrow: false });
  });

  test('a request that says more than it needs', async () => {
    const pair: Pair = [await scene.ofMachine(), await scene.ofMachine()];
    expect(await scene.revokeEach(pair, scene.machine, { audience: 'x' })).toMatchObject(BY_THE_ENGINE);
    await scene.expectRevoked(pair, scene.machine);
  });

  test('who does not prove to be the client', async () => {
    const value = await scene.ofMachine();
    const wrong = taken(value, { authorization: basic(scene.machine.client_id, 'wrong') });
    expect(await scene.ways.compare(wrong)).toMatchObject({ status: 401, narrow: false });
    const noProof = taken(value, {}, { client_id: scene.machine.client_id });
    expect(await scene.ways.compare(noProof)).toMatchObject({ status: 401, narrow: false });
    expect(await scene.active(value, scene.machine)).toBe(true);
  });

  // Of ids and secrets as they are made here, base64 needs no padding: lenient decoders see nothing in one character more.
  test.each<[string, (right: string) => Record<string, string>]>([
    ['with an attestation beside it', (authorization) => ({ authorization, 'oauth-client-attestation': 'x' })],
    ['with the proof of one beside it', (authorization) => ({ authorization, 'oauth-client-attestation-pop': 'x' })],
    ['with a surplus =', (right) => ({ authorization: `${right}=` })],
    ['with a surplus character', (right) => ({ authorization: `${right}A` })],
  ])('who proves to be the client by the right secret %s', async (_, headersOf) => {
    const value = await scene.ofMachine();
    const { authorization } = as(scene.machine);
    expect(authorization).toMatch(/^Basic ([\w+/]{4})+$/);
    expect(await scene.ways.compare(taken(value, headersOf(authorization)))).toMatchObject({
      status: 400,
      narrow: false,
      body: { error: 'invalid_request' },
    });
    expect(await scene.active(value, scene.machine)).toBe(true);
  });

  test('a client without a secret', async () => {
    const open = await registerClient(scene.world.admin, { scope: SCOPE, token_endpoint_auth_method: 'none' });
    const [one, another] = [await scene.ofPerson(open), await scene.ofPerson(open)];
    const sent = (value: string) => taken(value, {}, { client_id: open.client_id });
    expect(await scene.ways.compare(sent(one.refresh_token), sent(another.refresh_token))).toMatchObject(BY_THE_ENGINE);
    expect(await scene.living(open)).toEqual([]);
  });

  test('a client that is disabled', async () => {
    const client = await scene.registeredMachine();
    const value = await scene.ofMachine(client);
    await scene.world.admin.patch(`/clients/${client.client_id}`, { disabled: true });
    // The other instance holds the client in memory until it hears of that.
    const asked = () => post(...scene.ways.wide('/oauth/introspect'), { token: value }, { as: client });
    await eventually(async () => (await asked()).status === 401);
    expect(await scene.revokeEach([value, value], client)).toMatchObject({ status: 401, narrow: false });
  });
});
