import { describe, expect, test } from '@jest/globals';
import type { ClientFace } from '#src/pages/index.ts';
import { examples } from './examples.ts';
import { show } from './support.ts';

const BREAKOUT = `"><script>alert(1)</script><img src=x onerror='alert(1)'>`;

const [login] = examples.login;
const [consent] = examples.consent;
const [failure] = examples.error;
if (!login || !consent || !failure) throw new Error('the examples are missing');

const loginFor = async (client: ClientFace) =>
  (await show('login', { ...login, client, canResetPassword: false })).html;

describe('a client whose metadata is hostile', () => {
  test('cannot break out of text, attributes or the title', async () => {
    const client = {
      name: BREAKOUT,
      clientUri: `https://x.example/${BREAKOUT}`,
      logoUri: `https://x.example/${BREAKOUT}`,
    };
    const { html } = await show('consent', {
      ...consent,
      client,
      username: BREAKOUT,
      scopes: [BREAKOUT],
      apis: [{ name: BREAKOUT, scopes: [{ name: 'x', description: BREAKOUT }] }],
    });
    expect(html).not.toContain('<script');
    expect(html).not.toContain("onerror='");
    expect(html).toContain('&lt;script&gt;alert(1)&lt;/script&gt;');
  });

  test('cannot put markup into the typed user name or an error', async () => {
    // The script of passkeys has a source and no text.
    expect((await show('login', { ...login, username: BREAKOUT })).html).not.toContain('<script>');
    expect((await show('error', { ...failure, code: BREAKOUT, detail: BREAKOUT })).html).not.toContain('<script');
  });

  test.each([
    'javascript:alert(1)',
    'data:text/html,x',
    'JaVaScRiPt:alert(1)',
    '//x.example',
    'https://bank.example@evil.example/',
  ])('cannot link to %s', async (uri) => {
    const html = await loginFor({ name: 'x', policyUri: uri, tosUri: uri });
    expect(html).not.toContain('<a ');
  });

  test.each(['http://x.example/l.png', 'data:image/svg+xml,<svg/>', 'javascript:1', 'not a url'])(
    'cannot use %s as its logo; the initial of its name stands in',
    async (logoUri) => {
      const html = await loginFor({ name: 'zebra', logoUri });
      expect(html).toContain('<span class="mark initial" aria-hidden="true">Z</span>');
    },
  );

  test('gets links that open apart and tell it nothing', async () => {
    const html = await loginFor({ name: 'x', policyUri: 'https://x.example/p' });
    expect(html).toContain(
      '<a href="https://x.example/p" target="_blank" rel="noopener noreferrer nofollow">privacy policy</a>',
    );
  });

  test('gets its logo loaded without a referrer and at a fixed size', async () => {
    const html = await loginFor({ name: 'x', logoUri: 'https://x.example/l.png' });
    expect(html).toContain(
      '<img class="mark" src="https://x.example/l.png" alt="" width="56" height="56" referrerpolicy="no-referrer">',
    );
  });

  test('cannot turn the text around it with direction marks', async () => {
    expect(await loginFor({ name: '\u202egnp.exe' })).toContain('<bdi class="name">\u202egnp.exe</bdi>');
  });
});
