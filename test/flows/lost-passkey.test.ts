import { beforeAll, describe, expect, test } from '@jest/globals';
import { authorizationUrl, granted, introspect, pkce, startWorld, token, type World } from '../endpoints/protocol.ts';
import { createAuthenticator } from '../support/authenticator.ts';
import { REDIRECT_URI, type RegisteredClient, registerClient, registerUser } from '../support/clients.ts';
import { ENGINES } from '../support/database.ts';
import { visitorFor } from '../support/flow.ts';
import { callApi } from '../support/people.ts';
import { remember } from '../support/vault.ts';
import type { Page, Visitor } from '../support/visitor.ts';

describe.each(ENGINES)('Who has lost the passkey that is demanded, on %s', (engine) => {
  let world: World;
  let app: RegisteredClient;

  beforeAll(async () => {
    world = await startWorld(engine);
    app = await registerClient(world.admin, { first_party: true });
  });

  /** Sets up the passkey that is demanded, as a program would. @returns what is left when it is lost */
  async function annWithRecoveryCodes() {
    const { body: policy } = await world.admin.post('/auth-policies', {
      name: 'Passkeys',
      secondary: { require_webauthn: true },
    });
    const ann = await registerUser(world.admin, { policy_id: policy.id });
    const { username, password } = ann;
    const proof = { method: 'password', username, password };
    const { body: begun } = await callApi(world.server, 'POST', '/authenticate', { body: proof });
    const enroll = (body: object) =>
      callApi(world.server, 'POST', '/authenticate/enroll_webauthn', { token: begun.session_token, body });
    const { body: asked } = await enroll({});
    const response = createAuthenticator().create(asked.options, world.server.issuer);
    const { status, body } = await enroll({ response, name: 'Lost' });
    expect({ status, state: body.state }).toEqual({ status: 200, state: 'full' });
    return { ...ann, recoveryCodes: body.recovery_codes as string[] };
  }

  const { verifier, challenge } = pkce();
  const asking = (parameters: Record<string, string> = {}) =>
    authorizationUrl(world.server, {
      client_id: app.client_id,
      response_type: 'code',
      redirect_uri: REDIRECT_URI,
      scope: 'openid',
      code_challenge: challenge,
      code_challenge_method: 'S256',
      ...parameters,
    });

  const form = (page: Page | URL, field: string) => {
    const found = page instanceof URL ? undefined : page.forms.find(({ fields }) => fields.has(field));
    if (!found) throw new Error(`no form with ${field}: ${page instanceof URL ? page : page.html.slice(0, 2000)}`);
    return found;
  };

  async function signInWith(visitor: Visitor, ann: Awaited<ReturnType<typeof annWithRecoveryCodes>>): Promise<URL> {
    const login = await visitor.open(asking());
    const { username, password, recoveryCodes } = ann;
    const second = await visitor.submit(form(login, 'password'), { username, password });
    if (second instanceof URL) throw new Error('no second factor was asked');
    const page = await visitor.open(`${second.url.split('?')[0]}?by=recovery_code`);
    const arrived = await visitor.submit(form(page, 'recovery_code'), { recovery_code: recoveryCodes.pop() ?? '' });
    if (!(arrived instanceof URL)) throw new Error(`still at ${arrived.url}`);
    return arrived;
  }

  test('comes in with a recovery code, and is not asked again while signed in', async () => {
    const ann = await annWithRecoveryCodes();
    const visitor = visitorFor(REDIRECT_URI);
    const code = (await signInWith(visitor, ann)).searchParams.get('code') ?? '';
    remember(code);
    const tokens = granted(
      await token(
        world.server,
        { grant_type: 'authorization_code', code, redirect_uri: REDIRECT_URI, code_verifier: verifier },
        { as: app },
      ),
    );
    expect(await introspect(world.server, tokens.access_token, app)).toMatchObject({
      acr: 'urn:mintmark:acr:2fa',
      amr: ['pwd', 'rc', 'mfa'],
      auth_time: expect.any(Number),
    });
    const again = await visitor.open(asking({ prompt: 'none' }));
    expect(again).toBeInstanceOf(URL);
    expect((again as URL).searchParams.get('error')).toBeNull();
  });
});
