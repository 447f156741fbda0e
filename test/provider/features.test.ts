import { readFile } from 'node:fs/promises';
import { expect, test } from '@jest/globals';
import { features } from '#src/provider/features.ts';

/** The version whose private parts and defaults these tests were written against. Another one: read its changes first. */
const WRITTEN_FOR = '9.13.3';

const root = new URL('../../', import.meta.url);
const json = async (path: string) => JSON.parse(await readFile(new URL(path, root), 'utf8'));

test('the engine is pinned to exactly the version that these tests were written for, and this one is installed', async () => {
  const { dependencies } = await json('package.json');
  const { version } = await json('node_modules/oidc-provider/package.json');
  expect({ pinned: dependencies['oidc-provider'], installed: version }).toEqual({
    pinned: WRITTEN_FOR,
    installed: WRITTEN_FOR,
  });
});

/** Private files of the engine, of no declared type. */
async function engine(path: string): Promise<any> {
  return import(new URL(`node_modules/oidc-provider/lib/helpers/${path}`, root).href);
}

test('every feature that the engine knows is listed as on or off, and no other', async () => {
  const listed = features({} as never);
  const { defaults } = await engine('defaults.js');
  const { STABLE, EXPERIMENTS } = await engine('features.js');
  const known = new Set<string>([...Object.keys(defaults.features), ...STABLE, ...EXPERIMENTS.keys()]);
  expect(Object.keys(listed).sort()).toEqual([...known].sort());
  for (const [name, feature] of Object.entries(listed)) {
    expect({ name, feature }).toMatchObject({ feature: { enabled: expect.any(Boolean) } });
  }
});

test('no experiment of the engine is on: experiments change without a new major version', async () => {
  const listed = features({} as never) as Record<string, { enabled: boolean }>;
  const { EXPERIMENTS } = await engine('features.js');
  for (const name of EXPERIMENTS.keys()) expect({ name, on: listed[name]?.enabled }).toEqual({ name, on: false });
});
