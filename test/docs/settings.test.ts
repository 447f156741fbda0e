import { expect, test } from '@jest/globals';
import { readConfig } from '#src/config.ts';
import { section, textOf } from './markdown.ts';

interface Row {
  readonly name: string;
  readonly byDefault: string;
}

const documented: Row[] = [
  ...section(textOf('README.md'), '## Settings').matchAll(/^\| `([A-Z_]+)` \| (.*?) \|/gm),
].map(([, name = '', byDefault = '']) => ({ name, byDefault }));

/** config.ts keeps its table to itself. */
const [, table = ''] = /^const SETTINGS = \{$([\s\S]*?)^\} satisfies/m.exec(textOf('src/config.ts')) ?? [];
const known = [...table.matchAll(/^ {2}([A-Z_]+): \{/gm)].map(([, name]) => name);

test("README's table names every setting, and no other", () => {
  expect(known).toContain('PORT');
  expect(documented.map(({ name }) => name).sort()).toEqual([...known].sort());
});

test("README's defaults are the defaults", () => {
  const stated = Object.fromEntries(documented.map(({ name, byDefault }) => [name, byDefault.replaceAll('`', '')]));
  const config = readConfig({});
  expect(stated).toMatchObject({
    PORT: String(config.port),
    HOST: config.host,
    MINTMARK_ISSUER: config.issuer.replace(String(config.port), '$PORT'),
    MINTMARK_WORKERS: String(config.workers),
    MINTMARK_TRUST_PROXY: String(config.trustProxy),
    MINTMARK_RETENTION_DAYS: String(config.retentionDays),
    LOG_LEVEL: config.logLevel,
  });
  expect(config.dataDir.endsWith(`/${stated.MINTMARK_DATA_DIR}`)).toBe(true);
});
