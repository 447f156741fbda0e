import { existsSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { describe, expect, test } from '@jest/globals';
import { PAGES, prose, ROOT, textOf } from './markdown.ts';

const targets = (page: string): string[] =>
  [...prose(textOf(page)).matchAll(/\]\(([^)\s]+)\)/g)].map(([, target = '']) => target);

const isRelative = (target: string) => !/^[a-z]+:/.test(target);

/** As code forges make anchors of headings. */
function anchorsOf(page: string): string[] {
  const headings = [...prose(textOf(page)).matchAll(/^#+ (.+)$/gm)].map(([, heading = '']) => heading);
  return headings.map((heading) =>
    heading
      .toLowerCase()
      .replace(/[^\p{L}\p{N} _-]/gu, '')
      .replaceAll(' ', '-'),
  );
}

test.each(PAGES)('every relative link of %s leads somewhere', (page) => {
  for (const target of targets(page).filter(isRelative)) {
    const [path = '', anchor] = target.split('#');
    const file = path === '' ? page : join(dirname(page), path);
    expect({ target, exists: existsSync(join(ROOT, file)) }).toEqual({ target, exists: true });
    if (anchor !== undefined) expect(anchorsOf(file)).toContain(anchor);
  }
});

describe('docs/README.md', () => {
  test('lists every page', () => {
    const listed = targets('docs/README.md').map((target) => `docs/${target}`);
    expect(listed).toEqual(
      expect.arrayContaining(PAGES.filter((page) => page.startsWith('docs/') && page !== 'docs/README.md')),
    );
  });
});
