/** What is said of the endpoints holds without the narrow path, too: whatever may meet it is tested here a second time. */
import { readdir } from 'node:fs/promises';
import { describe, expect, test } from '@jest/globals';
import { adminApi } from '../../support/clients.ts';
import { eventually } from '../../support/eventually.ts';
import { startServer, withoutNarrowPath } from '../../support/server.ts';

/** Ask for nothing that the narrow path answers, except on the way to something else. */
const NOT_CONCERNED = ['authorize.test.ts', 'discovery.test.ts', 'par.test.ts', 'published.test.ts'];

withoutNarrowPath();
await import('../../endpoints/client-credentials.test.ts');

describe('Without the narrow path', () => {
  test('tokens are issued, and none on it', async () => {
    const server = await startServer({ engine: 'embedded' });
    await adminApi(server);
    await eventually(() => server.output().includes('"path":"/oauth/token"'));
    expect(server.output()).not.toContain('"narrow":true');
  });

  test('every endpoint is tested that may be answered on it', async () => {
    const [all, here] = await Promise.all(['../../endpoints', '.'].map((folder) => testsIn(folder)));
    expect(here).toEqual(all?.filter((name) => !NOT_CONCERNED.includes(name)));
  });
});

async function testsIn(folder: string): Promise<string[]> {
  const names = await readdir(new URL(folder, import.meta.url));
  return names.filter((name) => name.endsWith('.test.ts')).sort();
}
