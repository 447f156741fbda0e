import { readdirSync, readFileSync } from 'node:fs';
import { basename, extname } from 'node:path';
import { Eta } from 'eta';
import { destinationInWords, errorInWords, scopeInWords } from './in-words.ts';
import type { PageData, PageName } from './page-data.ts';
import { passwordRulesInWords } from './password-rules.ts';
import { createSafeLinks } from './safe-links.ts';
import { problemInWords } from './sign-in-problem.ts';

const VIEWS = new URL('../../views/', import.meta.url);

/** What every page shows besides its own data. */
interface Site {
  readonly host: string;
  readonly origin: string;
  readonly stylesheet: string;
  readonly logo: string;
  readonly passkeyScript: string;
}

const WORDS = { destinationInWords, errorInWords, passwordRulesInWords, problemInWords, scopeInWords };

/** Compiles all of views/ once; templates name each other by `@<file name>`. */
export function createTemplates(site: Site) {
  // Eta escapes `<%= %>` but would print "undefined" for a missing value: an absent optional prints nothing.
  const eta = new Eta({ varName: 'page', filterFunction: (value) => String(value ?? ''), autoFilter: true });
  for (const file of readdirSync(VIEWS)) {
    eta.loadTemplate(`@${basename(file, extname(file))}`, readFileSync(new URL(file, VIEWS), 'utf8'));
  }
  const shared = { site, ...WORDS, ...createSafeLinks(site.origin) };

  return <N extends PageName>(name: N, data: PageData[N], scripted: boolean): string =>
    eta.render(`@${name}`, { ...data, scripted, ...shared });
}
