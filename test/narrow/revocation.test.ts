/**
 * Revocation on the narrow path and by the engine: each way ends one of two tokens that were made alike. What is answered must
 * not differ, nor what lives afterwards.
 */
import { beforeAll, describe, expect, test } from '@jest/globals';
import { proofKey } from '../endpoints/proofs.ts';
import { granted, post, refreshed, token } from '../endpoints/protocol.ts';
import { ENGINES } from '../support/database.ts';
import { taken } from './both-ways.ts';
import { type Pair, type Revoking, SCOPE, startRevoking } from './revoking.ts';

const AT_ONCE = 20;
const NARROWLY = { status: 200, narrow: true, body: '' };

describe.each(ENGINES)('Tokens are revoked on the narrow path as by the engine on %s', (engine) => {
  let scene: Revoking;

  beforeAll(async () => {
    scene = await startRevoking(engine);
  }, 60_000);

  test('an access token of a machine ends, and no other one', async () => {
    const client = await scene.registeredMachine();
    const pair: Pair = [await scene.ofMachine(client), await scene.ofMachine(client)];
    const third = await scene.ofMachine(client);
    const answer = await scene.revokeEach(pair, client);
    expect(answer).toMatchObject(NARROWLY);
    expect(answer.headers.get('content-length')).toBe('0');
    await scene.expectRevoked(pair, client);
    expect(await scene.active(third, client)).toBe(true);
    expect(await scene.living(client)).toEqual(['access_token']);
  });

  test.each(['openid', 'things:read'])('an access token of a person for %s ends alone', async (scope) => {
    const client = await scene.registered();
    const [one, another] = [await scene.ofPerson(client, scope), await scene.ofPerson(client, scope)];
    const pair: Pair = [one.access_token, another.access_token];
    expect(await scene.revokeEach(pair, client)).toMatchObject(NARROWLY);
    await scene.expectRevoked(pair, client);
    expect(await scene.living(client)).toEqual(['refresh_token', 'refresh_token']);
    for (const { refresh_token } of [one, another]) {
      expect(await refreshed(scene.world.server, refresh_token, client)).toMatchObject({ status: 200 });
    }
  });

  test.each([SCOPE, 'jwt:read'])('a refresh token takes along what came of it for %s, and no more', async (scope) => {
    const client = await scene.registered();
    const untouched = await scene.ofPerson(client, scope);
    const families = [];
    for (const first of [await scene.ofPerson(client, scope), await scene.ofPerson(client, scope)]) {
      families.push({ first, second: granted(await refreshed(scene.world.server, first.refresh_token, client)) });
    }
    const [one, another] = families.map(({ second }) => second);
    expect(await scene.revokeEach([one.refresh_token, another.refresh_token], client)).toMatchObject(NARROWLY);
    for (const { first, second } of families) {
      await scene.expectRevoked([first.access_token, second.access_token, second.refresh_token], client);
      expect(await refreshed(scene.world.server, second.refresh_token, client)).toMatchObject({
        status: 400,
        body: { error: 'invalid_grant' },
      });
    }
    expect(await scene.active(untouched.access_token, client)).toBe(true);
    expect(await scene.living(client)).toEqual(['access_token', 'refresh_token']);
  });

  test.each(['access_token', 'refresh_token', 'nonsense', ''])('with the hint "%s" either kind ends', async (hint) => {
    const [one, another] = [await scene.ofPerson(), await scene.ofPerson()];
    for (const kind of ['access_token', 'refresh_token']) {
      const pair: Pair = [one[kind], another[kind]];
      expect(await scene.revokeEach(pair, scene.app, { token_type_hint: hint })).toMatchObject(NARROWLY);
      await scene.expectRevoked(pair, scene.app);
    }
  });

  test('a secret in the body is as good', async () => {
    const client = await scene.registeredMachine({ token_endpoint_auth_method: 'client_secret_post' });
    const { client_id, client_secret } = client;
    const [one, another] = [await scene.ofMachine(client), await scene.ofMachine(client)];
    const inBody = (value: string) => taken(value, {}, { client_id, client_secret });
    expect(await scene.ways.compare(inBody(one), inBody(another))).toMatchObject(NARROWLY);
    await scene.expectRevoked([one, another], client);
  });

  test('a token bound to a key is taken back without that key', async () => {
    const { prove } = await proofKey();
    const bound = async () => {
      const headers = { dpop: await prove('POST', `${scene.world.server.issuer}/oauth/token`) };
      const asked = { grant_type: 'client_credentials', scope: 'things:read' };
      return granted(await token(scene.world.server, asked, { as: scene.machine, headers })).access_token;
    };
    const pair: Pair = [await bound(), await bound()];
    expect(await scene.revokeEach(pair, scene.machine)).toMatchObject(NARROWLY);
    await scene.expectRevoked(pair, scene.machine);
  });

  test('of what is unknown, and of what was taken back before, there is nothing to end', async () => {
    const unknown = 'A'.repeat(43);
    expect(await scene.revokeEach([unknown, unknown], scene.machine)).toMatchObject(NARROWLY);
    const pair: Pair = [await scene.ofMachine(), await scene.ofMachine()];
    for (const _ of [1, 2]) expect(await scene.revokeEach(pair, scene.machine)).toMatchObject(NARROWLY);
    const { refresh_token } = await scene.ofPerson();
    for (const _ of [1, 2]) {
      expect(
        await post(scene.world.server, '/oauth/revoke', { token: refresh_token }, { as: scene.app }),
      ).toMatchObject({
        status: 200,
        body: '',
      });
    }
  });

  test('of many at once all are answered, and what they name has ended', async () => {
    const { access_token, refresh_token } = await scene.ofPerson();
    const answers = await Promise.all(
      Array.from({ length: AT_ONCE }, (_, no) =>
        post(scene.world.server, '/oauth/revoke', { token: no % 2 ? access_token : refresh_token }, { as: scene.app }),
      ),
    );
    for (const answer of answers) expect(answer).toMatchObject({ status: 200, body: '' });
    await scene.expectRevoked([access_token, refresh_token], scene.app);
  });

  test('of a refresh and a revocation at once nothing lives, whichever comes first', async () => {
    const families = [];
    for (let no = 0; no < AT_ONCE; no += 1) families.push(await scene.ofPerson());
    const answers = await Promise.all(
      families.flatMap(({ refresh_token }, no) => {
        const refresh = () => refreshed(scene.world.server, refresh_token, scene.app);
        const revoke = () => post(scene.world.server, '/oauth/revoke', { token: refresh_token }, { as: scene.app });
        return (no % 2 ? [refresh, revoke] : [revoke, refresh]).map((send) => send());
      }),
    );
    expect(answers.filter(({ status, body }) => status === 200 && body === '')).toHaveLength(AT_ONCE);
    const values = [...families, ...answers.map(({ body }) => body)]
      .flatMap(({ access_token, refresh_token }) => [access_token, refresh_token])
      .filter((value) => value !== undefined);
    for (const value of values) expect(await scene.active(value, scene.app)).toBe(false);
  });
});
