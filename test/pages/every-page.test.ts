import { describe, expect, test } from '@jest/globals';
import type { PageData, PageName } from '#src/pages/index.ts';
import { examples } from './examples.ts';
import { show } from './support.ts';

const all = (Object.keys(examples) as PageName[]).flatMap((name) =>
  examples[name].map((data, variant) => [`${name} (${variant + 1})`, name, data] as const),
);

describe.each(all)('the page %s', (_title, name, data) => {
  const shown = show(name, data as PageData[typeof name]);

  test('is a whole document with a language, a title, one main and one h1', async () => {
    const { html, status } = await shown;
    expect(status).toBe(200);
    expect(html).toMatch(/^<!doctype html>\n<html lang="en">/);
    expect(html).toMatch(/<title>\S.* · id\.example<\/title>/);
    expect(html.match(/<main\b/g)).toHaveLength(1);
    expect(html.match(/<h1>[^<]*\S/g)).toHaveLength(1);
    expect(html).not.toMatch(/undefined|\[object|NaN/);
  });

  test('labels every input, and describes it by elements that exist', async () => {
    const { html } = await shown;
    for (const [input] of html.matchAll(/<input\b(?![^>]*type="hidden")[^>]*>/g)) {
      const id = /\bid="([^"]+)"/.exec(input)?.[1];
      expect(html).toContain(`<label for="${id}">`);
      for (const target of /aria-describedby="([^"]+)"/.exec(input)?.[1]?.split(' ') ?? []) {
        expect(html).toContain(`id="${target}"`);
      }
    }
  });

  test('puts the focus in one place at most, and no id twice', async () => {
    const { html } = await shown;
    const ids = [...html.matchAll(/\sid="([^"]+)"/g)].map(([, id]) => id);
    expect(new Set(ids).size).toBe(ids.length);
    expect(html.match(/\bautofocus\b/g)?.length ?? 0).toBeLessThanOrEqual(1);
  });

  test('runs no script, but ours for a passkey ceremony, and carries no inline style', async () => {
    const { html } = await shown;
    const scripts = [...html.matchAll(/<script[^>]*>[^<]*<\/script>/g)].map(([script]) => script);
    const ours = expect.stringMatching(/^<script src="\/public\/passkey\.[0-9a-f]{12}\.js" defer><\/script>$/);
    expect(scripts).toEqual(hasCeremony(data) ? [ours] : []);
    expect(scripts.reduce((rest, script) => rest.replace(script, ''), html)).not.toMatch(
      /<script|\son\w+=|\sstyle=|javascript:/i,
    );
  });

  test('is confined by its headers', async () => {
    const { headers } = await shown;
    expect(headers.get('content-type')).toBe('text/html; charset=utf-8');
    expect(headers.get('cache-control')).toBe('no-store');
    expect(headers.get('referrer-policy')).toBe('same-origin');
    expect(headers.get('x-content-type-options')).toBe('nosniff');
    const policy = headers.get('content-security-policy')?.replace(hasCeremony(data) ? "script-src 'self'; " : '', '');
    expect(policy).toMatch(
      /^default-src 'none'; style-src 'self'; img-src 'self' https: data:; form-action 'self'( https:)?; base-uri 'none'; frame-ancestors 'none'$/,
    );
  });
});

const hasCeremony = (data: object) => 'options' in data && data.options !== undefined;
