/**
 * Revocation on the narrow path and by the engine: each way ends one of two tokens that were made alike. What is answered must
 * not differ, nor what lives afterwards.
 */
import { beforeAll, describe, expect, test } from '@jest/globals';
import { decodeJwt } from 'jose';
import { proofKey } from '../endpoints/proofs.ts';
import {
  authorize,
  granted,
  introspect,
  isActive,
  pkce,
  post,
  refreshed,
  signInFor,
  startWorld,
  token,
  type World,
} from '../endpoints/protocol.ts';
import {
  REDIRECT_URI,
  type RegisteredApi,
  type RegisteredClient,
  type RegisteredUser,
  registerApi,
  registerClient,
  registerMachine,
  registerUser,
} from '../support/clients.ts';
import { ENGINES } from '../support/database.ts';
import { eventually } from '../support/eventually.ts';
import { visitorFor } from '../support/flow.ts';
import { basic } from '../support/http.ts';
import { as, type BothWays, bothWays, taken } from './both-ways.ts';

const SCOPE = 'openid things:read';
const AT_ONCE = 20;
const REVOKED = { active: false, inactive_reason: 'revoked' };
const NARROWLY = { status: 200, narrow: true, body: '' };
const BY_THE_ENGINE = { status: 200, narrow: false, body: '' };

type Pair = readonly [one: string, another: string];

describe.each(ENGINES)('Tokens are revoked on the narrow path as by the engine on %s', (engine) => {
  let world: World;
  let ways: BothWays;
  let api: RegisteredApi;
  let user: RegisteredUser;
  let app: RegisteredClient;
  let machine: RegisteredClient;
  /** Signed in by the first who asks for a person's tokens. */
  const visitor = visitorFor(REDIRECT_URI);

  beforeAll(async () => {
    world = await startWorld(engine);
    ways = await bothWays(world);
    api = await registerApi(world.admin);
    await registerApi(world.admin, { scopes: [{ name: 'jwt:read' }], access_token_format: 'jwt' });
    user = await registerUser(world.admin);
    [app, machine] = [await registered(), await registeredMachine()];
  }, 60_000);

  const registered = async (overrides: object = {}) =>
    ways.known(await registerClient(world.admin, { scope: `${SCOPE} jwt:read`, first_party: true, ...overrides }));
  const registeredMachine = async (overrides: object = {}) =>
    ways.known(await registerMachine(world.admin, 'things:read jwt:read', overrides));

  const ofMachine = async (client = machine, scope = 'things:read'): Promise<string> => {
    const { client_id, client_secret, token_endpoint_auth_method: method } = client;
    const asked = { grant_type: 'client_credentials', scope };
    const inBody = method === 'client_secret_post';
    const how = inBody ? {} : { as: client };
    return granted(await token(world.server, { ...asked, ...(inBody && { client_id, client_secret }) }, how))
      .access_token;
  };
  const ofPerson = (client = app, scope = SCOPE) => signInFor(world.server, client, user, { scope, visitor });
  const active = (value: string, client: RegisteredClient) => isActive(world.server, value, client);
  const living = async ({ client_id }: RegisteredClient): Promise<string[]> => {
    const { body } = await world.admin.get(`/tokens?client_id=${client_id}&status=live`);
    return body.items.map(({ kind }: { kind: string }) => kind).sort();
  };

  async function expectRevoked(values: readonly string[], client: RegisteredClient): Promise<void> {
    for (const value of values) expect(await introspect(world.server, value, client)).toEqual(REVOKED);
  }

  /** The first one here, the other one by the engine. */
  const revokeEach = ([one, another]: Pair, client: RegisteredClient, more: object = {}) =>
    ways.compare(taken(one, as(client), more), taken(another, as(client), more));

  test('an access token of a machine ends, and no other one', async () => {
    const client = await registeredMachine();
    const pair: Pair = [await ofMachine(client), await ofMachine(client)];
    const third = await ofMachine(client);
    const answer = await revokeEach(pair, client);
    expect(answer).toMatchObject(NARROWLY);
    expect(answer.headers.get('content-length')).toBe('0');
    await expectRevoked(pair, client);
    expect(await active(third, client)).toBe(true);
    expect(await living(client)).toEqual(['access_token']);
  });

  test.each(['openid', 'things:read'])('an access token of a person for %s ends alone', async (scope) => {
    const client = await registered();
    const [one, another] = [await ofPerson(client, scope), await ofPerson(client, scope)];
    const pair: Pair = [one.access_token, another.access_token];
    expect(await revokeEach(pair, client)).toMatchObject(NARROWLY);
    await expectRevoked(pair, client);
    expect(await living(client)).toEqual(['refresh_token', 'refresh_token']);
    for (const { refresh_token } of [one, another]) {
      expect(await refreshed(world.server, refresh_token, client)).toMatchObject({ status: 200 });
    }
  });

  test.each([SCOPE, 'jwt:read'])('a refresh token takes along what came of it for %s, and no more', async (scope) => {
    const client = await registered();
    const untouched = await ofPerson(client, scope);
    const families = [];
    for (const first of [await ofPerson(client, scope), await ofPerson(client, scope)]) {
      families.push({ first, second: granted(await refreshed(world.server, first.refresh_token, client)) });
    }
    const [one, another] = families.map(({ second }) => second);
    expect(await revokeEach([one.refresh_token, another.refresh_token], client)).toMatchObject(NARROWLY);
    for (const { first, second } of families) {
      await expectRevoked([first.access_token, second.access_token, second.refresh_token], client);
      expect(await refreshed(world.server, second.refresh_token, client)).toMatchObject({
        status: 400,
        body: { error: 'invalid_grant' },
      });
    }
    expect(await active(untouched.access_token, client)).toBe(true);
    expect(await living(client)).toEqual(['access_token', 'refresh_token']);
  });

  test.each(['access_token', 'refresh_token', 'nonsense', ''])('with the hint "%s" either kind ends', async (hint) => {
    const [one, another] = [await ofPerson(), await ofPerson()];
    for (const kind of ['access_token', 'refresh_token']) {
      const pair: Pair = [one[kind], another[kind]];
      expect(await revokeEach(pair, app, { token_type_hint: hint })).toMatchObject(NARROWLY);
      await expectRevoked(pair, app);
    }
  });

  test('a secret in the body is as good', async () => {
    const client = await registeredMachine({ token_endpoint_auth_method: 'client_secret_post' });
    const { client_id, client_secret } = client;
    const [one, another] = [await ofMachine(client), await ofMachine(client)];
    const inBody = (value: string) => taken(value, {}, { client_id, client_secret });
    expect(await ways.compare(inBody(one), inBody(another))).toMatchObject(NARROWLY);
    await expectRevoked([one, another], client);
  });

  test('a token bound to a key is taken back without that key', async () => {
    const { prove } = await proofKey();
    const bound = async () => {
      const headers = { dpop: await prove('POST', `${world.server.issuer}/oauth/token`) };
      const asked = { grant_type: 'client_credentials', scope: 'things:read' };
      return granted(await token(world.server, asked, { as: machine, headers })).access_token;
    };
    const pair: Pair = [await bound(), await bound()];
    expect(await revokeEach(pair, machine)).toMatchObject(NARROWLY);
    await expectRevoked(pair, machine);
  });

  test('of what is unknown, and of what was taken back before, there is nothing to end', async () => {
    const unknown = 'A'.repeat(43);
    expect(await revokeEach([unknown, unknown], machine)).toMatchObject(NARROWLY);
    const pair: Pair = [await ofMachine(), await ofMachine()];
    for (const _ of [1, 2]) expect(await revokeEach(pair, machine)).toMatchObject(NARROWLY);
    const { refresh_token } = await ofPerson();
    for (const _ of [1, 2]) {
      expect(await post(world.server, '/oauth/revoke', { token: refresh_token }, { as: app })).toMatchObject({
        status: 200,
        body: '',
      });
    }
  });

  test('of many at once all are answered, and what they name has ended', async () => {
    const { access_token, refresh_token } = await ofPerson();
    const answers = await Promise.all(
      Array.from({ length: AT_ONCE }, (_, no) =>
        post(world.server, '/oauth/revoke', { token: no % 2 ? access_token : refresh_token }, { as: app }),
      ),
    );
    for (const answer of answers) expect(answer).toMatchObject({ status: 200, body: '' });
    await expectRevoked([access_token, refresh_token], app);
  });

  test('of a refresh and a revocation at once nothing lives, whichever comes first', async () => {
    const families = [];
    for (let no = 0; no < AT_ONCE; no += 1) families.push(await ofPerson());
    const answers = await Promise.all(
      families.flatMap(({ refresh_token }, no) => {
        const refresh = () => refreshed(world.server, refresh_token, app);
        const revoke = () => post(world.server, '/oauth/revoke', { token: refresh_token }, { as: app });
        return (no % 2 ? [refresh, revoke] : [revoke, refresh]).map((send) => send());
      }),
    );
    expect(answers.filter(({ status, body }) => status === 200 && body === '')).toHaveLength(AT_ONCE);
    const values = [...families, ...answers.map(({ body }) => body)]
      .flatMap(({ access_token, refresh_token }) => [access_token, refresh_token])
      .filter((value) => value !== undefined);
    for (const value of values) expect(await active(value, app)).toBe(false);
  });

  describe('left to the engine is', () => {
    test.each(['access_token', 'refresh_token'])('the %s of another client, which stays good', async (kind) => {
      const other = await registered();
      const value = (await ofPerson())[kind];
      expect(await revokeEach([value, value], other)).toMatchObject({
        status: 400,
        narrow: false,
        body: { error: 'invalid_request' },
      });
      expect(await active(value, app)).toBe(true);
    });

    test('a refresh token that was used: what came of it ends', async () => {
      const client = await registered();
      const [one, another] = [await ofPerson(client), await ofPerson(client)];
      for (const { refresh_token } of [one, another]) await refreshed(world.server, refresh_token, client);
      expect(await revokeEach([one.refresh_token, another.refresh_token], client)).toMatchObject(BY_THE_ENGINE);
      expect(await living(client)).toEqual([]);
    });

    test('a token that is over', async () => {
      const brief = await registeredMachine({ access_token_ttl: 1 });
      const pair: Pair = [await ofMachine(brief), await ofMachine(brief)];
      for (const value of pair) await eventually(async () => !(await active(value, brief)));
      expect(await revokeEach(pair, brief)).toMatchObject(BY_THE_ENGINE);
    });

    test('a JWT, and the name of one, which ends nothing', async () => {
      const pair: Pair = [await ofMachine(machine, 'jwt:read'), await ofMachine(machine, 'jwt:read')];
      const asked = { grant_type: 'client_credentials', scope: 'jwt:read' };
      const named = granted(await post(...ways.wide('/oauth/token'), asked, { as: machine })).access_token;
      // The engine's names look like its opaque tokens.
      const { jti = '' } = decodeJwt(named);
      expect(jti).toHaveLength(43);
      expect(await revokeEach([jti, jti], machine)).toMatchObject(BY_THE_ENGINE);
      expect(await active(named, machine)).toBe(true);
      expect(await revokeEach(pair, machine)).toMatchObject(BY_THE_ENGINE);
      await expectRevoked(pair, machine);
    });

    test('a personal access token, which is not for an app to take back', async () => {
      const wanted = { user_id: user.id, name: 'Backup', scopes: ['things:read'], audience: api.identifier };
      const { token: value } = (await world.admin.post('/pats', wanted)).body;
      expect(await revokeEach([value, value], app)).toMatchObject({ status: 400, narrow: false });
      const valid = await world.admin.post('/pats/validate', { token: value, audience: api.identifier });
      expect(valid.status).toBe(204);
    });

    test('an authorization code, which stays good', async () => {
      const { code, ...rest } = await authorize(world.server, app, user, { visitor });
      expect(await revokeEach([code, code], app)).toMatchObject(BY_THE_ENGINE);
      expect(await token(world.server, { code, ...rest }, { as: app })).toMatchObject({ status: 200 });
    });

    test('a pushed request, which stays good', async () => {
      const { verifier, challenge } = pkce();
      const asked = { client_id: app.client_id, response_type: 'code', redirect_uri: REDIRECT_URI, scope: 'openid' };
      const how = { ...asked, code_challenge: challenge, code_challenge_method: 'S256' };
      const { request_uri } = (await post(world.server, '/oauth/par', how, { as: app })).body;
      const id = request_uri.split(':').at(-1);
      for (const value of [request_uri, id]) {
        expect(await revokeEach([value, value], app)).toMatchObject(BY_THE_ENGINE);
      }
      const { code } = await authorize(world.server, app, user, { visitor, request_uri });
      const exchange = { grant_type: 'authorization_code', code, redirect_uri: REDIRECT_URI, code_verifier: verifier };
      expect(await token(world.server, exchange, { as: app })).toMatchObject({ status: 200 });
    });

    test.each<[string, string, number]>([
      ['no token', '', 400],
      ['what is none', 'a b', 200],
      ['a reference that somebody made up', `~${'0'.repeat(64)}~${'A'.repeat(43)}`, 200],
    ])('%s', async (_, value, status) => {
      expect(await revokeEach([value, value], machine)).toMatchObject({ status, narrow: false });
    });

    test('a request that says more than it needs', async () => {
      const pair: Pair = [await ofMachine(), await ofMachine()];
      expect(await revokeEach(pair, machine, { audience: 'x' })).toMatchObject(BY_THE_ENGINE);
      await expectRevoked(pair, machine);
    });

    test('who does not prove to be the client', async () => {
      const value = await ofMachine();
      const wrong = taken(value, { authorization: basic(machine.client_id, 'wrong') });
      expect(await ways.compare(wrong)).toMatchObject({ status: 401, narrow: false });
      const noProof = taken(value, {}, { client_id: machine.client_id });
      expect(await ways.compare(noProof)).toMatchObject({ status: 401, narrow: false });
      expect(await active(value, machine)).toBe(true);
    });

    test('a client without a secret', async () => {
      const open = await registerClient(world.admin, { scope: SCOPE, token_endpoint_auth_method: 'none' });
      // Where the engine answers, it is heard of with this one.
      await registered();
      const [one, another] = [await ofPerson(open), await ofPerson(open)];
      const sent = (value: string) => taken(value, {}, { client_id: open.client_id });
      expect(await ways.compare(sent(one.refresh_token), sent(another.refresh_token))).toMatchObject(BY_THE_ENGINE);
      expect(await living(open)).toEqual([]);
    });

    test('a client that is disabled', async () => {
      const client = await registeredMachine();
      const value = await ofMachine(client);
      await world.admin.patch(`/clients/${client.client_id}`, { disabled: true });
      // Where the engine answers, it is heard of with this one.
      await registered();
      expect(await revokeEach([value, value], client)).toMatchObject({ status: 401, narrow: false });
    });
  });
});
