import { beforeAll, describe, expect, test } from '@jest/globals';
import { type Answer, authorizationUrl, pkce, startWorld, token, type World } from '../endpoints/protocol.ts';
import { begin, expectDead, personWithTotp } from '../headless/support.ts';
import { behind } from '../support/behind.ts';
import { REDIRECT_URI, type RegisteredClient, type RegisteredUser, registerClient } from '../support/clients.ts';
import { ENGINES } from '../support/database.ts';
import { visitorFor } from '../support/flow.ts';
import type { Form } from '../support/forms.ts';
import { totpCode } from '../support/totp.ts';
import { remember } from '../support/vault.ts';
import type { Page, Visitor } from '../support/visitor.ts';

const onPostgres = ENGINES.includes('postgres') ? describe : describe.skip;

onPostgres('A sign-in that nobody finishes', () => {
  let world: World;
  let app: RegisteredClient;
  let ann: Awaited<ReturnType<typeof personWithTotp>>;

  beforeAll(async () => {
    world = await startWorld('postgres');
    app = await registerClient(world.admin, {
      grant_types: ['authorization_code', 'password'],
      first_party: true,
      scope: 'openid',
    });
    ann = await personWithTotp({ server: world.server, api: world.admin });
  });

  /** Time passes for all that is under way. */
  async function elapse(seconds: number, of: readonly ('sign_ins' | 'interactions')[] = ['sign_ins']): Promise<void> {
    for (const table of of) {
      await behind(world.server, `update ${table} set expires_at = expires_at - make_interval(secs => $1)`, [seconds]);
    }
  }

  test('headless, is over after ten minutes and not before', async () => {
    const session = await begin(world.server, ann);
    await elapse(590);
    expect((await session.call('GET', '/session')).body).toMatchObject({ state: 'partial' });
    await elapse(11);
    expectDead(await session.call('GET', '/session'));
    expectDead(await session.call('POST', '/authenticate/totp', { code: totpCode(ann.secret) }));
    expectDead(await session.call('DELETE', '/session'));
  });

  test('at the token endpoint, is over after five minutes and not before', async () => {
    const { username, password } = ann as RegisteredUser;
    const as = { as: app };
    const { body } = await token(world.server, { grant_type: 'password', username, password, scope: 'openid' }, as);
    const { mfa_token } = body;
    remember(mfa_token);
    const second = (otp: string) =>
      token(world.server, { grant_type: 'urn:mintmark:grant-type:mfa', mfa_token, otp }, as);
    const refusal = ({ status, body: { error, error_description } }: Answer) => ({ status, error, error_description });

    await elapse(290);
    expect(refusal(await second(totpCode(ann.secret, 40)))).toEqual({
      status: 400,
      error: 'invalid_grant',
      error_description: 'the code is wrong or was used before',
    });
    await elapse(11);
    expect(refusal(await second(totpCode(ann.secret)))).toEqual({
      status: 400,
      error: 'invalid_grant',
      error_description: 'the mfa_token is unknown, used or expired',
    });
  });

  describe('at the pages,', () => {
    const { challenge } = pkce();

    async function atSecondFactor(): Promise<{ visitor: Visitor; page: Page; form: Form }> {
      const visitor = visitorFor(REDIRECT_URI);
      const url = authorizationUrl(world.server, {
        client_id: app.client_id,
        response_type: 'code',
        redirect_uri: REDIRECT_URI,
        scope: 'openid',
        code_challenge: challenge,
        code_challenge_method: 'S256',
      });
      const { username, password } = ann;
      const page = here(await visitor.submit(formWith('password', await visitor.open(url)), { username, password }));
      return { visitor, page, form: formWith('code', page) };
    }

    const answer = ({ visitor, form }: { visitor: Visitor; form: Form }) =>
      visitor.submit(form, { code: totpCode(ann.secret) });

    function expectOver(page: Page | URL): void {
      expect(here(page)).toMatchObject({
        status: 400,
        html: expect.stringContaining('This sign-in is no longer open'),
      });
      expect(here(page).html).toMatch(/return to the application and start again, or go to the <a href="\/">/);
    }

    test('is over after half an hour, which the page says with a way on', async () => {
      const begun = await atSecondFactor();
      await elapse(1_801, ['sign_ins', 'interactions']);
      expectOver(await answer(begun));
      expectOver(await begun.visitor.open(begun.page.url));
    });

    test('begins anew with the password when only what was proved is too old', async () => {
      const begun = await atSecondFactor();
      await elapse(1_801);
      const again = here(await answer(begun));
      expect(again.html).toContain('<h1>Sign in</h1>');
      const { username, password } = ann;
      const second = here(await begun.visitor.submit(formWith('password', again), { username, password }));
      const arrived = await answer({ visitor: begun.visitor, form: formWith('code', second) });
      expect(arrived).toBeInstanceOf(URL);
      remember((arrived as URL).searchParams.get('code') ?? '');
    });
  });
});

function here(page: Page | URL): Page {
  if (page instanceof URL) throw new Error(`it leads to ${page.href}`);
  return page;
}

function formWith(field: string, page: Page | URL): Form {
  const form = here(page).forms.find(({ fields }) => fields.has(field));
  if (!form) throw new Error(`no ${field} at ${here(page).url}: ${here(page).html}`);
  return form;
}
