import { mkdir, mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { expect, test } from '@jest/globals';
import { runProgram } from '../support/program.ts';

const CHECKER = join(import.meta.dirname, '../../.ci/check-rooms.ts');

/** What the checker says about a house of these files. */
async function check(files: Record<string, string>): Promise<{ code: number | null; lines: string[] }> {
  const parent = await mkdtemp(join(tmpdir(), 'mintmark-rooms-'));
  for (const [path, source] of Object.entries(files)) {
    const file = join(parent, 'src', path);
    await mkdir(dirname(file), { recursive: true });
    await writeFile(file, source);
  }
  const args = ['--disable-warning=ExperimentalWarning', CHECKER, join(parent, 'src')];
  const { code, output } = await runProgram(args);
  await rm(parent, { recursive: true });
  return { code, lines: output.split('\n').filter(Boolean) };
}

test('a house as planned has nothing to complain about', async () => {
  const found = await check({
    'main.ts': `import { readConfig } from './config.ts';\nimport { createApp } from './app.ts';\nprocess.exit(createApp(readConfig()));\n`,
    'config.ts': `export interface Config { port: number }\nexport const readConfig = (): Config => ({ port: Number(process.env.PORT) });\n`,
    'app.ts': `import Koa from 'koa';\nimport type { Config } from './config.ts';\nimport { createPats } from '#src/pats/index.ts';\nimport { adminRoutes } from '#src/admin/index.ts';\nexport const createApp = (c: Config) => [Koa, createPats, adminRoutes, c].length;\n`,
    'admin/index.ts': `export { adminRoutes } from './routes/pats.ts';\n`,
    'admin/routes/pats.ts': `import Router from '@koa/router';\nimport { readBody } from '#src/http/index.ts';\nimport type { Pats } from '#src/pats/index.ts';\nimport { own } from '../own.ts';\nimport { NotFound } from '#src/oauth/problems.ts';\nexport const adminRoutes = (pats: Pats) => [new Router(), readBody, pats, own, NotFound];\n`,
    'oauth/problems.ts': `export class NotFound extends Error {}\n`,
    'admin/own.ts': `export const own = 1;\n`,
    'http/index.ts': `import type { Context } from 'koa';\nexport const readBody = (ctx: Context) => ctx.body;\n`,
    'pats/index.ts': `import { issue } from './issue.ts';\nexport interface Pats { issue: typeof issue }\nexport const createPats = (): Pats => ({ issue });\n`,
    'pats/issue.ts': `import { insert } from './queries.ts';\nimport type { Pats } from './index.ts';\nimport { randomId } from '#src/crypto/index.ts';\nexport const issue = (p: Pats) => [insert, randomId, p];\n`,
    'pats/queries.ts': `import type { Db } from '#src/db/index.ts';\nexport const insert = (db: Db) => db;\n`,
    'pats/routes.ts': `import type { Context } from 'koa';\nimport { readBody } from '#src/http/index.ts';\nexport const routes = (ctx: Context) => readBody(ctx);\n`,
    'crypto/index.ts': `export const randomId = () => 'x';\n`,
    'db/index.ts': `import pg from 'pg';\nexport type Db = pg.Pool;\n`,
    'provider/internals.ts': `import x from 'oidc-provider/lib/helpers/weak_cache.js';\nexport default x;\n`,
    'interactions/index.ts': `import { errors } from 'oidc-provider';\nexport { errors };\n`,
  });
  expect(found).toEqual({ code: 0, lines: [] });
});

const long = (lines: number) => 'export const x = 1;\n'.repeat(lines);

test.each<[rule: string, path: string, source: string, complaint: RegExp]>([
  [
    'upward',
    'pats/index.ts',
    `import { x } from '#src/admin/index.ts';`,
    /:1 pats \(capability\) may not import admin/,
  ],
  [
    'upward in a type',
    'crypto/index.ts',
    `\nimport type { X } from '#src/pats/index.ts';`,
    /:2 crypto .* may not import pats/,
  ],
  ['upward by re-export', 'db/index.ts', `export * from '#src/tokens/index.ts';`, /:1 db .* may not import tokens/],
  ['upward at run time', 'keys/index.ts', `const x = await import('#src/app.ts');`, /:1 keys .* may not import app/],
  ['capability to provider', 'tokens/index.ts', `import '#src/provider/index.ts';`, /may not import provider/],
  [
    'admin to provider',
    'admin/index.ts',
    `import '#src/provider/index.ts';`,
    /admin \(router\) may not import provider/,
  ],
  ['http to db', 'http/index.ts', `import type { Db } from '#src/db/index.ts';`, /may not import db/],
  ['pages to a capability', 'pages/index.ts', `import { x } from '#src/clients/index.ts';`, /may not import clients/],
  ['capability to http', 'pats/issue.ts', `import { x } from '#src/http/index.ts';`, /may not import http/],
  ['cli to a capability', 'cli/users.ts', `import { x } from '#src/accounts/index.ts';`, /may not import accounts/],
  ['a second door', 'pats/index.ts', `import { x } from '#src/tokens/issue.ts';`, /tokens is entered by its index/],
  ['foreign queries', 'pats/index.ts', `import { x } from '#src/tokens/queries.ts';`, /queries of tokens are its own/],
  [
    'another room by ../',
    'pats/index.ts',
    `import { x } from '../tokens/index.ts';`,
    /import #src\/tokens\/index.ts instead/,
  ],
  ['own room by #src', 'pats/index.ts', `import { x } from '#src/pats/issue.ts';`, /own room/],
  ['no .ts', 'pats/index.ts', `import { x } from './issue';`, /needs its \.ts/],
  ['config at run time', 'keys/index.ts', `import { readConfig } from '#src/config.ts';`, /import type/],
  ['the engine', 'tokens/index.ts', `import type { Provider } from 'oidc-provider';`, /oidc-provider may not/],
  [
    'its inside',
    'provider/index.ts',
    `import x from 'oidc-provider/lib/models/client.js';`,
    /lib\/models\/client\.js may not/,
  ],
  ['pg', 'tokens/queries.ts', `import type pg from 'pg';`, /pg may not/],
  ['knex', 'tokens/queries.ts', `const k = await import("knex");`, /knex may not/],
  ['PGlite', 'keys/index.ts', `import { PGlite } from '@electric-sql/pglite';`, /pglite may not/],
  ['koa', 'tokens/issue.ts', `import type { Context } from 'koa';`, /koa may not/],
  ['environment', 'keys/index.ts', `export const x = process.env.X;`, /only config\.ts/],
  ['environment, taken apart', 'keys/index.ts', `const { env } = process;`, /taken apart/],
  ['environment, imported', 'keys/index.ts', `import { env } from 'node:process';`, /node:process may not/],
  ['exit', 'app.ts', `process.exit(1);`, /only main\.ts and cli\.ts/],
  ['an empty name', 'pats/utils.ts', `export {};`, /utils\.ts does not say/],
  ['an empty folder name', 'pats/helpers/x.ts', `export {};`, /helpers does not say/],
  ['an unplanned room', 'misc/index.ts', `export {};`, /misc is not a room/],
  ['too long', 'pats/index.ts', long(301), /:301 301 lines, at most 300/],
  ['a suppression', 'pats/index.ts', `// biome-ignore lint: because`, /no suppressed checks/],
  ['another', 'pats/index.ts', `// @ts-expect-error\nexport {};`, /:1 no suppressed checks/],
  ['left for later', 'pats/index.ts', `/** TODO */`, /left for later/],
])('%s is found', async (_rule, path, source, complaint) => {
  const { code, lines } = await check({ [path]: source });
  expect(code).toBe(1);
  expect(lines).toEqual([expect.stringMatching(complaint)]);
  expect(lines[0]).toMatch(new RegExp(`^src/${path.replaceAll('.', '\\.')}:\\d+ `));
});

test('a cycle is found once, by way of an index too; types make none', async () => {
  const found = await check({
    'pats/index.ts': `export { issue } from './issue.ts';`,
    'pats/issue.ts': `import { live } from '#src/tokens/index.ts';\nexport const issue = live;`,
    'tokens/index.ts': `export { live } from './live.ts';`,
    'tokens/live.ts': `import { issue } from '#src/pats/index.ts';\nexport const live = () => issue;`,
    'keys/index.ts': `import type { K } from './key.ts';\nexport type I = K;`,
    'keys/key.ts': `import type { I } from './index.ts';\nexport type K = I;`,
  });
  expect(found.lines).toEqual([
    'src/tokens/live.ts:1 cycle: pats/index.ts → pats/issue.ts → tokens/index.ts → tokens/live.ts → pats/index.ts',
  ]);
});

test('what only looks like an import is not one', async () => {
  const found = await check({
    'pats/index.ts': [
      `// import pg from 'pg'`,
      `/** as in import x from 'knex', or process.env */`,
      `export const a = "import pg from 'pg'";`,
      `export const b = \`import pg from "pg" \${[\`\${"}"} process.env\`].map((x) => ({ x }))} from "pg"\`;`,
      `export const c = /['"\`/]|from 'pg'/.test("x") ? Array.from('pg') : 4 / 2 / 1;`,
      `export const d = { process: 1 }.process;`,
      '',
    ].join('\n'),
  });
  expect(found).toEqual({ code: 0, lines: [] });
});
