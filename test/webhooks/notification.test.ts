/** The body of a notification to the letter (contract.md), for every grant that a person's tokens come of. */
import { beforeAll, describe, expect, test } from '@jest/globals';
import { authorize, granted, post, refreshed, token } from '../endpoints/protocol.ts';
import { type RegisteredClient, registerApi, registerClient, registerUser } from '../support/clients.ts';
import { ENGINES } from '../support/database.ts';
import { decide } from '../support/device.ts';
import { eventsIn, startListened, type Told } from '../support/listening.ts';
import { enrollTotp } from '../support/people.ts';
import { totpCode } from '../support/totp.ts';
import { remember } from '../support/vault.ts';
import { type Receipt, withReceiver } from './receiver.ts';
import { newSharedSecret, type World, worldOf } from './support.ts';

const DEVICE_GRANT = 'urn:ietf:params:oauth:grant-type:device_code';
const MFA_GRANT = 'urn:mintmark:grant-type:mfa';
const SCOPE = 'openid things:read';

interface Answered {
  readonly access_token: string;
  readonly refresh_token?: string;
}

interface Sent {
  /** What each grant was asked with, and what it answered. */
  readonly code: { readonly code: string; readonly answer: Answered };
  readonly refresh: { readonly old: string; readonly answer: Answered };
  readonly password: Answered;
  readonly mfa: Answered;
  readonly device: Answered;
  readonly short: Answered;
}

async function apps({ api }: World) {
  await registerApi(api, { access_token_format: 'jwt' });
  const first_party = true;
  const machine = { redirect_uris: [], response_types: [], scope: SCOPE, first_party };
  return {
    web: await registerClient(api, { scope: SCOPE, first_party }),
    script: await registerClient(api, { ...machine, grant_types: ['password', 'refresh_token', 'client_credentials'] }),
    tv: await registerClient(api, { ...machine, grant_types: [DEVICE_GRANT, 'refresh_token'] }),
    short: await registerClient(api, { ...machine, grant_types: ['password'] }),
  };
}

/** One after the other, for one person: that is the order in which they are to arrive. */
async function sendAll({ server, api }: World, clients: Awaited<ReturnType<typeof apps>>): Promise<Sent> {
  const { web, script, tv, short } = clients;
  const ann = await registerUser(api);
  const byPassword = (as: RegisteredClient) =>
    token(server, { grant_type: 'password', username: ann.username, password: ann.password, scope: SCOPE }, { as });

  const exchange = await authorize(server, web, ann, { scope: SCOPE });
  const code = { code: exchange.code, answer: granted(await token(server, exchange, { as: web })) };
  const old = code.answer.refresh_token;
  const refresh = { old, answer: granted(await refreshed(server, old, web)) };
  // The same answer again is no news, and nobody hears of what is refused or of a machine.
  expect(granted(await refreshed(server, old, web))).toEqual(refresh.answer);
  expect((await refreshed(server, 'unknown', web)).status).toBe(400);
  granted(await token(server, { grant_type: 'client_credentials', scope: 'things:read' }, { as: script }));

  const password = granted(await byPassword(script));
  const { body: started } = await post(server, '/oauth/device/code', { scope: SCOPE }, { as: tv });
  await decide(started.verification_uri_complete, ann);
  const polled = await token(server, { grant_type: DEVICE_GRANT, device_code: started.device_code }, { as: tv });
  const withoutRefresh = granted(await byPassword(short));

  const { secret } = await enrollTotp(server, ann);
  const { mfa_token } = (await byPassword(script)).body;
  remember(mfa_token);
  const otp = totpCode(secret);
  const mfa = granted(await token(server, { grant_type: MFA_GRANT, mfa_token, otp }, { as: script }));
  return { code, refresh, password, device: granted(polled), short: withoutRefresh, mfa };
}

describe.each(ENGINES)('A notification on %s', (engine) => {
  const receiver = withReceiver();
  const sharedSecret = newSharedSecret();
  let sent: Sent;
  let received: readonly Receipt[];
  let told: Told[];

  beforeAll(async () => {
    const { server, atTheEnd } = await startListened(engine, []);
    const world = await worldOf(server, receiver);
    const clients = await apps(world);
    const hook = await world.hook({ format: 'notification', events: undefined, shared_secret: sharedSecret });
    sent = await sendAll(world, clients);
    received = await hook.received(6);
    await hook.settled();
    told = await atTheEnd((db) => eventsIn(db));
  }, 90_000);

  const notification = (
    answer: Answered,
    { code = '', old = '' }: { code?: string; old?: string } = {},
  ): Record<string, string> => ({
    auth_code: code,
    new_oauth_token: answer.access_token,
    refresh_token: answer.refresh_token ?? '',
    old_refresh_token: old,
    notification_type: old ? 'refresh' : 'new',
  });

  test('has exactly the values of the token response, for each grant, in order', () => {
    expect(received.map(({ body }) => body)).toEqual([
      notification(sent.code.answer, { code: sent.code.code }),
      notification(sent.refresh.answer, { old: sent.refresh.old }),
      notification(sent.password),
      notification(sent.device),
      notification(sent.short),
      notification(sent.mfa),
    ]);
  });

  test('has an empty string for a refresh token that there is none of', () => {
    expect(sent.short.refresh_token).toBeUndefined();
    expect(received[4]?.body.refresh_token).toBe('');
  });

  test('of a JWT holds the JWT', () => {
    for (const { body } of received) expect(body.new_oauth_token.split('.')).toHaveLength(3);
  });

  test('carries the shared secret in its header', () => {
    for (const { headers } of received) {
      expect(headers).toMatchObject({
        'x-mintmark-shared-secret': sharedSecret,
        'content-type': 'application/json',
        'user-agent': 'Mintmark-Webhooks/1',
      });
    }
  });

  test('leaves nothing to send when it has been delivered; what happened stays known, without a value', () => {
    expect(told.map(({ type, data, is_sealed }) => [type, data.grant_type, is_sealed])).toEqual([
      ['token.issued', 'authorization_code', false],
      ['token.issued', 'refresh_token', false],
      ['token.issued', 'password', false],
      ['token.issued', DEVICE_GRANT, false],
      ['token.issued', 'password', false],
      ['token.issued', MFA_GRANT, false],
    ]);
  });
});
