/** Everything that can be listened to happens once here, is told, and is told to the letter. */
import { beforeAll, describe, expect, test } from '@jest/globals';
import { EVENT_TYPES } from '#src/webhooks/event-types.ts';
import { authorize, granted, post, refreshed, token } from '../endpoints/protocol.ts';
import { makePolicy } from '../policies/policy.ts';
import {
  type AdminApi,
  adminApi,
  type RegisteredClient,
  type RegisteredUser,
  registerApi,
  registerClient,
  registerUser,
} from '../support/clients.ts';
import { ENGINES } from '../support/database.ts';
import { eventually, nextSecond } from '../support/eventually.ts';
import { eventsIn, startListened, type Told } from '../support/listening.ts';
import { authenticate, callApi, enrollTotp } from '../support/people.ts';
import type { Server } from '../support/server.ts';
import { totpCode } from '../support/totp.ts';
import { remember } from '../support/vault.ts';

const WRONG = 'certainly not this one';
const UNKNOWN = 'hunter2-typed-into-the-wrong-field';
/** What time or a failing target brings about: ./expiring and ./pausing see to them. */
const ELSEWHERE = ['pat.expiring', 'webhook.paused'];

interface Cast {
  readonly server: Server;
  readonly api: AdminApi;
  readonly app: RegisteredClient;
  readonly things: string;
  readonly ann: RegisteredUser;
  readonly guessed: RegisteredUser;
  readonly careful: RegisteredUser;
}

async function assemble(server: Server): Promise<Cast> {
  const api = await adminApi(server);
  const things = (await registerApi(api)).identifier;
  const app = await registerClient(api, {
    scope: 'openid offline_access things:read',
    grant_types: ['authorization_code', 'refresh_token', 'password', 'client_credentials'],
    first_party: true,
    refresh_token_grace: 0,
  });
  const { id: policy_id } = await makePolicy(api, { primary: { updb: { max_attempts: 1 } } });
  const people = [await registerUser(api), await registerUser(api, { policy_id }), await registerUser(api)] as const;
  const [ann, guessed, careful] = people;
  return { server, api, app, things, ann, guessed, careful };
}

const byPassword = ({ server, app }: Cast, username: string, password: string, as = app) =>
  token(server, { grant_type: 'password', username, password, scope: 'openid things:read' }, { as });

async function signInsAndTokens(cast: Cast): Promise<void> {
  const { server, api, app, ann, guessed, careful } = cast;
  await byPassword(cast, UNKNOWN, WRONG);
  await byPassword(cast, guessed.username, WRONG);
  await enrollTotp(server, careful);
  const { body } = await byPassword(cast, careful.username, careful.password);
  remember(body.mfa_token);
  const mfa = { grant_type: 'urn:mintmark:grant-type:mfa', mfa_token: body.mfa_token };
  expect((await token(server, { ...mfa, otp: totpCode('A'.repeat(32), 50) }, { as: app })).status).toBe(400);

  const tokens = granted(
    await token(server, await authorize(server, app, ann, { scope: 'openid things:read' }), { as: app }),
  );
  const second = granted(await refreshed(server, tokens.refresh_token, app));
  expect((await refreshed(server, tokens.refresh_token, app)).status).toBe(400);
  expect((await refreshed(server, second.refresh_token, app)).status).toBe(400);

  const third = granted(await byPassword(cast, ann.username, ann.password));
  await post(server, '/oauth/revoke', { token: third.access_token }, { as: app });
  const fourth = granted(await byPassword(cast, ann.username, ann.password));
  expect((await api.post('/tokens/revoke', { token: fourth.access_token })).status).toBe(200);
  await post(server, '/oauth/revoke', { token: fourth.refresh_token }, { as: app });
  // A machine's tokens are nobody's news.
  granted(await token(server, { grant_type: 'client_credentials', scope: 'things:read' }, { as: app }));
}

async function personalTokens({ server, things, ann }: Cast): Promise<void> {
  const { call } = await authenticate(server, ann);
  const make = async () =>
    (await call('POST', '/me/pats', { name: 'Script', scopes: ['things:read'], audience: things })).body;
  const use = (value: string) =>
    callApi(server, 'POST', '/pats/validate', { body: { token: value, audience: things } });
  const [used, revoked] = [await make(), await make()];
  for (const { token: value } of [used, revoked]) remember(value);
  expect((await use(used.token)).status).toBe(204);
  // Uses are written many at a time: what is to come after one in the story comes after it here.
  await eventually(async () => (await call('GET', `/me/pats/${used.id}`)).body.last_used_at !== null, 10_000);
  const rotated = (await call('POST', `/me/pats/${used.id}/rotate`, { overlap: 0 })).body;
  remember(rotated.token);
  await call('DELETE', `/me/pats/${revoked.id}`);
  await nextSecond();
  expect((await use(used.token)).status).toBe(401);
}

async function administration({ api, ann, app }: Cast): Promise<void> {
  const spare = await registerClient(api, { client_id: 'spare' });
  await api.patch(`/clients/${spare.client_id}`, { client_name: 'Renamed' });
  await api.delete(`/clients/${spare.client_id}`);
  await api.post('/revocation-rules', { client_id: app.client_id, reason: 'a leak' });
  await api.post(`/users/${ann.id}/disable`, { duration: 60 });
  await api.patch(`/users/${ann.id}`, { disabled: true });
  await api.post('/keys/rotate', { alg: 'ES256' });
}

describe.each(ENGINES)('Events on %s', (engine) => {
  let cast: Cast;
  let told: Told[];

  beforeAll(async () => {
    const { server, atTheEnd } = await startListened(engine, [{}]);
    cast = await assemble(server);
    await signInsAndTokens(cast);
    await personalTokens(cast);
    await administration(cast);
    told = await atTheEnd((db) => eventsIn(db));
  }, 60_000);

  const of = (type: string) => told.filter((event) => event.type === type);
  const about = (type: string): Record<string, unknown>[] =>
    of(type).map(({ client_id, account_id, data }) => ({ client_id, account_id, ...data }));

  test('of each type happen, and of no other', () => {
    const known = EVENT_TYPES.map(({ name }) => name).filter((name) => !ELSEWHERE.includes(name));
    expect([...new Set(told.map(({ type }) => type))].sort()).toEqual([...known].sort());
  });

  test('never hold a value, nor what was typed as a name', () => {
    expect(JSON.stringify(told)).not.toContain(UNKNOWN);
    expect(JSON.stringify(told)).not.toContain(WRONG);
    expect(told.filter(({ is_sealed }) => is_sealed)).toEqual([]);
  });

  test('of issued tokens say by which grant, for whom and for what', () => {
    const issued = { client_id: cast.app.client_id, account_id: cast.ann.id, scope: 'things:read' };
    expect(about('token.issued')).toMatchObject([
      { ...issued, grant_type: 'authorization_code', audience: cast.things, notification_type: 'new' },
      { ...issued, grant_type: 'refresh_token', audience: cast.things, notification_type: 'refresh' },
      { ...issued, grant_type: 'password', notification_type: 'new' },
      { ...issued, grant_type: 'password', notification_type: 'new' },
    ]);
    expect(of('token.issued')[0]?.data).toEqual({
      token_id: expect.stringMatching(/^[0-9a-f]{64}$/),
      grant_id: expect.any(String),
      grant_type: 'authorization_code',
      scope: 'things:read',
      audience: cast.things,
      expires_at: expect.stringMatching(/^\d{4}-\d\d-\d\dT.*Z$/),
      notification_type: 'new',
    });
  });

  test('of what was taken back name it as its issue did, whoever took it back', () => {
    const [code, refresh, third, fourth] = of('token.issued').map(({ data }) => data);
    expect(about('token.revoked').map(({ token_id, kind }) => [kind, token_id])).toEqual([
      ['access_token', third?.token_id],
      ['access_token', fourth?.token_id],
      ['refresh_token', expect.any(String)],
    ]);
    expect(code?.grant_id).toBe(refresh?.grant_id);
    expect(about('refresh_token.reuse_detected')).toMatchObject([
      { client_id: cast.app.client_id, account_id: cast.ann.id, grant_id: code?.grant_id },
    ]);
    const ended = about('grant.revoked').map(({ grant_id }) => grant_id);
    expect(ended).toEqual([code?.grant_id, fourth?.grant_id]);
    expect(about('revocation_rule.created')).toMatchObject([{ client_id: cast.app.client_id, reason: 'a leak' }]);
  });

  test('of failed sign-ins say why, and of whom only where that is known', () => {
    const { app, guessed, careful } = cast;
    const failed = { client_id: app.client_id, by: 'anybody', ip: expect.any(String) };
    expect(about('login.failed')).toMatchObject([
      { ...failed, account_id: null, reason: 'unknown_user', method: 'password' },
      { ...failed, account_id: guessed.id, reason: 'wrong_password', method: 'password' },
      { ...failed, account_id: careful.id, reason: 'wrong_totp', method: 'totp' },
    ]);
    expect(about('user.locked')).toMatchObject([{ account_id: guessed.id, reason: 'too_many_guesses' }]);
  });

  test('of sign-ins say by what they were proved, and for which client', () => {
    const ofAnn = about('login.succeeded').filter(({ account_id }) => account_id === cast.ann.id);
    expect(ofAnn).toMatchObject([
      { client_id: cast.app.client_id, amr: ['pwd'] },
      { client_id: cast.app.client_id, amr: ['pwd'] },
      { client_id: cast.app.client_id, amr: ['pwd'] },
      { client_id: null, amr: ['pwd'] },
    ]);
  });

  test('of users and clients say what was done, and by whom', () => {
    const by = `client:${cast.server.admin.client_id}`;
    expect(about('user.disabled')).toEqual([
      { client_id: null, account_id: cast.ann.id, until: expect.any(String) },
      { client_id: null, account_id: cast.ann.id, until: null },
    ]);
    expect(about('client.created')).toMatchObject([
      { client_id: cast.app.client_id, by },
      { client_id: 'spare', by },
    ]);
    expect(about('client.updated')).toMatchObject([{ client_id: 'spare', by, members: ['client_name'] }]);
    expect(about('client.deleted')).toMatchObject([{ client_id: 'spare', by }]);
  });

  test('of keys name the new one, and when it begins to sign', () => {
    // The first key of each algorithm is one, too; here somebody listened from the first moment.
    expect(about('key.rotated').at(-1)).toMatchObject({
      alg: 'ES256',
      kid: expect.any(String),
      follows: expect.any(String),
      signs_from: expect.any(String),
    });
  });

  test('of personal access tokens come in order', () => {
    const [used] = of('pat.created').map(({ data }) => data.token_id);
    const story = told.filter(({ type, data }) => type.startsWith('pat.') && data.token_id === used);
    expect(story.map(({ type }) => type)).toEqual(['pat.created', 'pat.first_used', 'pat.reuse_detected']);
    expect(of('pat.revoked').length).toBeGreaterThanOrEqual(2);
  });
});
