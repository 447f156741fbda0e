import { beforeAll, describe, expect, test } from '@jest/globals';
import { ANY, addPolicy, TOTP } from '../browser/policies.ts';
import { press, SCRIPTING } from '../browser/visit.ts';
import { type AdminApi, adminApi, type RegisteredUser, registerUser } from '../support/clients.ts';
import { ENGINES } from '../support/database.ts';
import { type Server, startServer } from '../support/server.ts';
import { totpCode } from '../support/totp.ts';
import { remember } from '../support/vault.ts';
import type { Page } from '../support/visitor.ts';
import { atAccount, type Person, pathOf, personAt, recordsOf, textOf } from './support.ts';

describe.each(ENGINES)('The authenticator app on %s', (engine) => {
  let server: Server;
  let admin: AdminApi;

  beforeAll(async () => {
    server = await startServer({ engine });
    admin = await adminApi(server);
  });

  async function signedIn() {
    const ann = await registerUser(admin);
    return { ann, person: await personAt(server, ann) };
  }

  /** As its owner does: reads the key off the page and types the code of the step before, so that the next is still good. */
  async function setUp(person: Person) {
    const page = await person.open('/account/totp');
    const secret = secretOn(page);
    const first = await confirm(person, page, totpCode(secret, -1));
    // Where a step ended meanwhile, that code was of the one before the last, and the page asks again.
    const asksAgain = first.forms.some(({ fields }) => fields.has('enrolment'));
    const answer = asksAgain ? await confirm(person, first, totpCode(secret, -1)) : first;
    for (const code of codesOn(answer)) remember(code);
    return { secret, answer };
  }

  async function confirm({ visitor }: Person, page: Page, code: string): Promise<Page> {
    const form = page.forms.find(({ fields }) => fields.has('enrolment'));
    const button = form?.buttons.find(({ value }) => value === 'confirm');
    return (await visitor.submit(form as never, { code }, button)) as Page;
  }

  const underPolicy = async (ann: RegisteredUser, settings: object) =>
    admin.patch(`/users/${ann.id}`, { policy_id: await addPolicy(admin, settings) });

  test('is on after a code confirmed it, and brings ten recovery codes along, shown once', async () => {
    const { ann, person } = await signedIn();
    const { answer } = await setUp(person);
    expect(textOf(answer)).toContain('Your new recovery codes');
    expect(new Set(codesOn(answer)).size).toBe(10);
    expect(textOf(await person.open('/account/totp'))).toContain('On. When you sign in');
    const codes = await person.open('/account/recovery-codes');
    expect(textOf(codes)).toContain('10 of 10');
    for (const code of codesOn(answer)) expect(codes.html).not.toContain(code);
    expect(await recordsOf(admin, ann, 'totp.enroll')).toMatchObject([{ actor: `user:${ann.id}`, outcome: 'success' }]);
    expect(await recordsOf(admin, ann, 'recovery_codes.generate')).toHaveLength(1);
  });

  test('is asked for at the next sign-in', async () => {
    const { ann, person } = await signedIn();
    await setUp(person);
    expect(textOf((await personAt(server, ann)).arrived)).toContain('Confirm it is you');
  });

  test.each([
    ['000000', 'That code is not right'],
    ['12345', 'the six digits'],
    ['abcdef', 'the six digits'],
    ['', 'the six digits'],
  ])('is not on after the code "%s": the same key is shown again', async (code, why) => {
    const { person } = await signedIn();
    const page = await person.open('/account/totp');
    const again = await confirm(person, page, code);
    expect([again.status, textOf(again)]).toEqual([400, expect.stringContaining(why)]);
    expect(secretOn(again)).toBe(secretOn(page));
    expect(textOf(await person.open('/account'))).toContain('stolen password is not enough');
  });

  test('takes full-width digits and blanks for what they are', async () => {
    const { person } = await signedIn();
    const page = await person.open('/account/totp');
    const wide = [...totpCode(secretOn(page))].map((digit) => String.fromCharCode(digit.charCodeAt(0) + 0xfee0));
    expect(textOf(await confirm(person, page, ` ${wide.slice(0, 3).join('')} ${wide.slice(3).join('')}`))).toContain(
      'Your new recovery codes',
    );
  });

  test('of somebody else cannot be set up here: its key belongs to who began', async () => {
    const { person: mallory } = await signedIn();
    const theirs = await mallory.open('/account/totp');
    const { ann, person } = await signedIn();
    const form = (await person.open('/account/totp')).forms.find(({ fields }) => fields.has('enrolment'));
    const enrolment = theirs.forms.find(({ fields }) => fields.has('enrolment'))?.fields.get('enrolment') ?? '';
    const fields = { enrolment, code: totpCode(secretOn(theirs)), action: 'confirm' };
    const answer = (await person.visitor.submit(form as never, fields)) as Page;
    expect([answer.status, textOf(answer)]).toEqual([400, expect.stringContaining('took too long')]);
    expect((await admin.get(`/users/${ann.id}/authenticators`)).body.items).not.toContainEqual(
      expect.objectContaining({ type: 'totp' }),
    );
  });

  test('set up in one tab is no second one in another', async () => {
    const { person } = await signedIn();
    const other = await person.open('/account/totp');
    await setUp(person);
    const answer = await confirm(person, other, totpCode(secretOn(other)));
    expect(textOf(answer)).toContain('On. When you sign in');
  });

  test('can be removed, and takes the recovery codes along', async () => {
    const { ann, person } = await signedIn();
    await setUp(person);
    const page = await person.send('/account/totp', 'remove');
    expect(pathOf(page)).toBe('/account');
    expect(textOf(page)).toContain('Your authenticator app was removed.');
    expect(textOf(await person.open('/account/recovery-codes'))).toContain(
      'nothing yet that a code would stand in for',
    );
    expect(pathOf(await (await personAt(server, ann)).open('/account'))).toBe('/account');
    expect(await recordsOf(admin, ann, 'totp.remove')).toMatchObject([{ outcome: 'success' }]);
  });

  test.each([
    ['TOTP', TOTP],
    ['any second factor', ANY],
  ])('stays while the policy demands %s, and says why', async (_, settings) => {
    const { ann, person } = await signedIn();
    await setUp(person);
    const form = (await person.open('/account/totp')).forms.find(({ buttons }) =>
      buttons.some(({ value }) => value === 'remove'),
    );
    await underPolicy(ann, settings);
    const refused = (await person.visitor.submit(form as never, {}, form?.buttons[0])) as Page;
    // The demand is answered first, where the session has not met it yet.
    expect(textOf(refused)).not.toContain('was removed');
    expect((await admin.get(`/users/${ann.id}/authenticators`)).body.items).toContainEqual(
      expect.objectContaining({ type: 'totp' }),
    );
    expect(await recordsOf(admin, ann, 'totp.remove')).toMatchObject([{ outcome: 'failure', reason: 'demanded' }]);
    const page = await person.open('/account/totp');
    expect(page.html).toContain('id="kept"');
    expect(page.forms.some(({ buttons }) => buttons.some(({ value }) => value === 'remove'))).toBe(false);
  });

  describe('recovery codes', () => {
    test('are made anew: the ones before are void', async () => {
      const { ann, person } = await signedIn();
      const { answer } = await setUp(person);
      const page = await person.send('/account/recovery-codes', 'generate');
      const [next = ''] = codesOn(page);
      for (const code of codesOn(page)) remember(code);
      expect(codesOn(page).filter((code) => codesOn(answer).includes(code))).toEqual([]);
      expect(await recordsOf(admin, ann, 'recovery_codes.generate')).toHaveLength(2);

      const back = await personAt(server, ann);
      const [old = ''] = codesOn(answer);
      expect(await afterRecoveryCode(back, old)).toBe(400);
      expect(await afterRecoveryCode(back, next)).toBe(200);
      expect(textOf(await back.open('/account'))).toContain('9 left');
    });

    test('are not made for somebody without a second factor', async () => {
      const { ann, person } = await signedIn();
      const { csrf } = Object.fromEntries((await person.open('/account')).forms[0]?.fields ?? []);
      const url = `${server.url}/account/recovery-codes`;
      const fields = new Map([['csrf', csrf ?? '']]);
      await person.visitor.submit({ action: url, method: 'POST', fields, buttons: [] }, { action: 'generate' });
      expect(await recordsOf(admin, ann, 'recovery_codes.generate')).toEqual([]);
    });
  });

  /** @returns the status of the page that follows */
  async function afterRecoveryCode(person: Person, code: string): Promise<number> {
    const second = person.arrived;
    const page = (await person.visitor.open(`${second.url}?by=recovery_code`)) as Page;
    const form = page.forms.find(({ fields }) => fields.has('recovery_code'));
    return ((await person.visitor.submit(form as never, { recovery_code: code })) as Page).status;
  }
});

describe.each(SCRIPTING)('In a browser %s', (_, how) => {
  test('an authenticator app is set up and removed', async () => {
    const server = await startServer({ engine: 'embedded' });
    const ann = await registerUser(await adminApi(server));
    const page = await atAccount(server, ann, '/account/totp', how);
    const secret = (await page.textContent('#secret'))?.replaceAll(' ', '') ?? '';
    remember(secret);
    expect(await page.locator('.qr svg').count()).toBe(1);
    expect(await page.getAttribute('#open-app', 'href')).toContain(`secret=${secret}`);
    await page.fill('#code', totpCode(secret));
    await press(page, '#submit');
    for (const code of await page.locator('.recovery-codes li').allTextContents()) remember(code.trim());
    await press(page, '#saved');
    expect(await page.textContent('main')).toContain('10 left');
    await page.goto(`${server.url}/account/totp`);
    await press(page, '#remove-totp');
    expect(await page.textContent('#notice')).toBe('Your authenticator app was removed.');
  });
});

function secretOn({ html }: Page): string {
  const secret = /<code id="secret">([^<]*)/.exec(html)?.[1]?.replaceAll(' ', '') ?? '';
  remember(secret);
  return secret;
}

function codesOn({ html }: Page): string[] {
  const list = /<ol class="recovery-codes">([\s\S]*?)<\/ol>/.exec(html)?.[1] ?? '';
  return [...list.matchAll(/<code>([^<]+)/g)].map(([, code = '']) => code);
}
