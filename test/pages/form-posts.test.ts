import { describe, expect, test } from '@jest/globals';
import { createDigests } from '#src/crypto/index.ts';
import { createPages, formActionFor } from '#src/pages/index.ts';
import { examples } from './examples.ts';
import { ISSUER, pages, show } from './support.ts';

describe('the CSRF token', () => {
  const { csrf } = pages;

  test('is accepted for what it was issued for, and for nothing else', () => {
    const token = csrf.issue('interaction-1');
    expect(csrf.verify('interaction-1', token)).toBe(true);
    expect(csrf.verify('interaction-2', token)).toBe(false);
  });

  test.each([undefined, '', 'x', ['x'], 0, null])('is refused when the form holds %p', (value) => {
    expect(csrf.verify('interaction-1', value)).toBe(false);
  });

  test('repeated is refused, though each copy is right', () => {
    const token = csrf.issue('interaction-1');
    expect(csrf.verify('interaction-1', [token, token])).toBe(false);
  });

  test('outlives a change of the secret key while the old key is still listed', () => {
    const [older, newer] = [Buffer.alloc(32, 7), Buffer.alloc(32, 8)];
    const token = csrf.issue('interaction-1');
    const verifiedUnder = (keys: Buffer[]) =>
      createPages({ issuer: ISSUER, digests: createDigests(keys) }).csrf.verify('interaction-1', token);
    expect(verifiedUnder([newer, older])).toBe(true);
    expect(verifiedUnder([newer])).toBe(false);
  });
});

describe('where a form post may come from', () => {
  const accepted = (headers: Record<string, string>) =>
    pages.sameOrigin({ get: (name) => headers[name.toLowerCase()] ?? '' });

  test.each([
    ['our own page', { 'sec-fetch-site': 'same-origin', origin: ISSUER }, true],
    ['a browser without Sec-Fetch-Site', { origin: ISSUER }, true],
    ['a client without either header', {}, true],
    ['another site', { 'sec-fetch-site': 'cross-site', origin: 'https://evil.example' }, false],
    ['another site, Origin left out', { 'sec-fetch-site': 'cross-site' }, false],
    ['a neighbouring subdomain', { 'sec-fetch-site': 'same-site', origin: 'https://shop.id.example' }, false],
    ['a foreign origin in an old browser', { origin: 'https://evil.example' }, false],
    ['a sandboxed frame', { origin: 'null' }, false],
    ['our host over http', { origin: 'http://id.example' }, false],
    ['our host on another port', { origin: 'https://id.example:8443' }, false],
  ])('%s', (_from, headers, expected) => {
    expect(accepted(headers as Record<string, string>)).toBe(expected);
  });
});

describe('where a form post may lead', () => {
  test.each([
    ['https://app.example/cb', ['https:']],
    ['http://127.0.0.1:8787/cb', ['http:', 'https:']],
    ['http://[::1]:8787/cb', ['http:', 'https:']],
    ['com.example.app:/cb', ['com.example.app:']],
    ['https://a;script-src.example/cb', ['https:']],
    [undefined, []],
  ])('%s allows %p', (redirectUri, sources) => {
    expect(formActionFor(redirectUri)).toEqual(sources);
  });

  test('is part of the page policy', async () => {
    const [login] = examples.login;
    if (!login) throw new Error('the example is missing');
    const { headers } = await show('login', { ...login, formAction: ['com.example.app:'] });
    expect(headers.get('content-security-policy')).toContain("form-action 'self' com.example.app:;");
  });

  test('cannot smuggle a directive into the policy', async () => {
    const [login] = examples.login;
    if (!login) throw new Error('the example is missing');
    const { status } = await show('login', { ...login, formAction: ["https:; script-src 'unsafe-inline'"] });
    expect(status).toBe(500);
  });
});
