import { beforeAll, describe, expect, test } from '@jest/globals';
import { type RegisteredClient, type RegisteredUser, registerClient, registerUser } from '../support/clients.ts';
import { ENGINES } from '../support/database.ts';
import { decide, NOWHERE } from '../support/device.ts';
import { visitorFor } from '../support/flow.ts';
import type { Form } from '../support/forms.ts';
import type { Page } from '../support/visitor.ts';
import { get, granted, introspect, isActive, post, startWorld, type World } from './protocol.ts';

const GRANT = 'urn:ietf:params:oauth:grant-type:device_code';

describe.each(ENGINES)('The device grant (RFC 8628) on %s', (engine) => {
  let world: World;
  let user: RegisteredUser;
  let tv: RegisteredClient;

  beforeAll(async () => {
    world = await startWorld(engine);
    user = await registerUser(world.admin);
    tv = await registerClient(world.admin, {
      grant_types: [GRANT, 'refresh_token'],
      redirect_uris: [],
      response_types: [],
      token_endpoint_auth_method: 'none',
    });
  });

  const start = async (path = '/oauth/device/code') => {
    const { status, body } = await post(world.server, path, { client_id: tv.client_id, scope: 'openid email' });
    if (status !== 200) throw new Error(`no device code: ${JSON.stringify(body)}`);
    return body;
  };
  const poll = (device_code: string, as = tv, path = '/oauth/token') =>
    post(world.server, path, { grant_type: GRANT, device_code }, { as });

  test('names codes, an address for people and one with the code in it', async () => {
    expect(await start()).toEqual({
      device_code: expect.stringMatching(/^[\w-]{48}$/),
      user_code: expect.stringMatching(/^[B-DF-HJ-NP-TV-XZ]{4}-[B-DF-HJ-NP-TV-XZ]{4}$/),
      verification_uri: `${world.server.issuer}/device`,
      verification_uri_complete: expect.stringContaining(`${world.server.issuer}/device?user_code=`),
      expires_in: 600,
    });
  });

  test('is pending until somebody agrees, then gives tokens once', async () => {
    const { device_code, verification_uri_complete } = await start();
    for (let i = 0; i < 2; i += 1) {
      expect(await poll(device_code)).toMatchObject({ status: 400, body: { error: 'authorization_pending' } });
    }
    await decide(verification_uri_complete, user);
    const tokens = granted(await poll(device_code));
    expect(await introspect(world.server, tokens.access_token, tv)).toMatchObject({ active: true, sub: user.id });
    expect(tokens.id_token).toEqual(expect.any(String));

    expect(await poll(device_code)).toMatchObject({ status: 400, body: { error: 'invalid_grant' } });
    expect(await isActive(world.server, tokens.access_token, tv)).toBe(false);
  });

  test('polled by many at once, it gives tokens to one', async () => {
    const { device_code, verification_uri_complete } = await start();
    await decide(verification_uri_complete, user);
    const paths = ['/oauth/token', '/OAUTH/TOKEN', '/oauth/token/'];
    const answers = await Promise.all(
      Array.from({ length: 9 }, (_, i) => poll(device_code, tv, paths[i % paths.length])),
    );
    expect(answers.filter(({ status }) => status === 200)).toHaveLength(1);
    expect(answers.filter(({ body }) => body.error === 'invalid_grant')).toHaveLength(8);
  });

  test('says access_denied when the person does', async () => {
    const { device_code, verification_uri_complete } = await start();
    await decide(verification_uri_complete, user, 'deny');
    expect(await poll(device_code)).toMatchObject({ status: 400, body: { error: 'access_denied' } });
  });

  test("another client's device code is refused", async () => {
    const other = await registerClient(world.admin, {
      grant_types: [GRANT],
      redirect_uris: [],
      response_types: [],
      token_endpoint_auth_method: 'none',
    });
    const { device_code } = await start();
    expect(await poll(device_code, other)).toMatchObject({ status: 400, body: { error: 'invalid_grant' } });
  });

  test('the user code is no device code', async () => {
    const { user_code } = await start();
    for (const code of [user_code, user_code.replace('-', '')]) {
      expect(await poll(code)).toMatchObject({ status: 400, body: { error: 'invalid_grant' } });
    }
  });

  test.each(['/OAUTH/DEVICE/CODE', '/oauth/device/code/'])('at %s a code works just as well', async (path) => {
    const { device_code } = await start(path);
    expect(await poll(device_code)).toMatchObject({ body: { error: 'authorization_pending' } });
  });

  test('is for clients registered with it only', async () => {
    const web = await registerClient(world.admin);
    const answer = await post(world.server, '/oauth/device/code', { scope: 'openid' }, { as: web });
    expect(answer.status).toBe(400);
    expect(answer.body.error).toBe('unauthorized_client');
  });

  test('a scope that was not granted is refused before anybody sees a code', async () => {
    const asked = { client_id: tv.client_id, scope: 'openid no:such' };
    const answer = await post(world.server, '/oauth/device/code', asked);
    expect(answer).toMatchObject({ status: 400, body: { error: 'invalid_scope', scope: 'no:such' } });
  });

  test('a wrong user code shows the page again, with no hint which codes exist', async () => {
    const visitor = visitorFor(NOWHERE);
    const page = (await visitor.open(`${world.server.url}/device`)) as Page;
    const form = page.forms[0] as Form;
    const answers = await Promise.all(
      ['BBBB-BBBB', 'ZZZZZZZZ', '', 'x'.repeat(5000), '<script>'].map((user_code) =>
        visitor.submit(form, { user_code }),
      ),
    );
    for (const answer of answers as Page[]) {
      expect(answer.status).toBeLessThan(500);
      expect(answer.html).not.toContain('<script>');
    }
  });

  test('a form sent without its session is shown again, and then works', async () => {
    const { user_code, device_code } = await start();
    const visitor = visitorFor(NOWHERE);
    const form = ((await visitor.open(`${world.server.url}/device`)) as Page).forms[0] as Form;
    visitor.cookies.clear();
    const refused = (await visitor.submit(form, { user_code })) as Page;
    expect(refused.status).toBe(400);
    const again = (await visitor.submit(refused.forms[0] as Form, { user_code })) as Page;
    expect(again.status).toBe(200);
    expect(again.html).toContain(user_code);
    expect(await poll(device_code)).toMatchObject({ body: { error: 'authorization_pending' } });
  });

  test.each(['/device/x', '/device/%E2%80%AE'])('%s without its cookie is a page, not a failure', async (path) => {
    const answer = await get(world.server, path, { accept: 'text/html' });
    expect(answer.status).toBe(400);
    expect(answer.headers.get('content-type')).toMatch(/^text\/html/);
  });

  test('the page is not cached', async () => {
    const { headers } = await get(world.server, '/device', { accept: 'text/html' });
    expect(headers.get('cache-control')).toMatch(/no-store/);
  });
});
