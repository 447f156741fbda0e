import { describe, expect, test } from '@jest/globals';
import { answerTo, pages, show } from './support.ts';

const get = (path: string, method = 'GET') =>
  answerTo(path, { method }, (app) => {
    app.use(pages.publicFiles());
  });

const stylesheet = async () =>
  /href="(\/public\/style\.[0-9a-f]{12}\.css)"/.exec((await show('home', {})).html)?.[1] ?? '';

describe('public files', () => {
  test('have their content in their address and are kept for ever', async () => {
    const { status, headers, html } = await get(await stylesheet());
    expect(status).toBe(200);
    expect(headers.get('content-type')).toBe('text/css; charset=utf-8');
    expect(headers.get('cache-control')).toBe('public, max-age=31536000, immutable');
    expect(headers.get('x-content-type-options')).toBe('nosniff');
    expect(html).toContain(':root');
  });

  test('answer HEAD, and no other method', async () => {
    expect((await get(await stylesheet(), 'HEAD')).status).toBe(200);
    expect((await get(await stylesheet(), 'POST')).status).toBe(404);
  });

  test.each([
    '/public/',
    '/public/style.css',
    '/public/style.000000000000.css',
    '/public/../package.json',
    '/public/%2e%2e/package.json',
    '/public/..%2fpackage.json',
    '/public/..%5cpackage.json',
    '/public//etc/passwd',
    '/public/style.css%00',
    '/public/constructor',
  ])('know nothing of %s', async (path) => {
    expect((await get(path)).status).toBe(404);
  });
});
