/** The README and the pages of docs/, as text, and what tests look for in them. */
import { readdirSync, readFileSync } from 'node:fs';
import { fileURLToPath } from 'node:url';

export const ROOT = fileURLToPath(new URL('../../', import.meta.url));

export const PAGES = ['README.md', ...readdirSync(`${ROOT}docs`).map((name) => `docs/${name}`)].filter((name) =>
  name.endsWith('.md'),
);

export const textOf = (page: string): string => readFileSync(ROOT + page, 'utf8');

/** What stands under this heading, up to the next one of its level. */
export function section(markdown: string, heading: string): string {
  const level = /^#+/.exec(heading)?.[0] ?? '';
  const [, body] = markdown.split(`\n${heading}\n`);
  if (body === undefined) throw new Error(`there is no heading "${heading}"`);
  return body.split(`\n${level} `)[0] ?? '';
}

export interface Block {
  /** What is written behind the fence: `sh`, `js`, or nothing. */
  readonly language: string;
  readonly text: string;
}

export function blocks(markdown: string): Block[] {
  return [...markdown.matchAll(/^```(\w*)\n([\s\S]*?)^```$/gm)].map(([, language = '', text = '']) => ({
    language,
    text,
  }));
}

/** Markdown without its code blocks: what looks like a link there is none. */
export const prose = (markdown: string): string => markdown.replace(/^```[\s\S]*?^```$/gm, '');
