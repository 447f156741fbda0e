import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { join } from 'node:path';
import { afterAll, describe, expect, test } from '@jest/globals';
import { DataDirectoryInUse, openDatabase } from '#src/db/index.ts';
import { freshDatabase } from '../support/database.ts';

const OTHER = join(import.meta.dirname, 'hold-data-directory.ts');

describe('an embedded data directory', () => {
  const children: ReturnType<typeof spawn>[] = [];
  afterAll(() => {
    for (const child of children) child.kill('SIGKILL');
  });

  /** Another process that has opened the directory, and written a row that it was told is committed. */
  async function otherProcess(dataDir: string) {
    const child = spawn(process.execPath, [OTHER, dataDir], { stdio: ['ignore', 'pipe', 'inherit'] });
    children.push(child);
    const [outcome] = await Promise.race([once(child.stdout, 'data'), once(child, 'exit')]);
    expect(String(outcome)).toBe('open\n');
    return child;
  }

  test('is refused to a second process while the first lives, and to a second opening in one process', async () => {
    const fresh = await freshDatabase('embedded');
    const other = await otherProcess(fresh.dataDir);
    await expect(openDatabase(fresh.config)).rejects.toThrow(DataDirectoryInUse);
    await expect(openDatabase(fresh.config)).rejects.toThrow(fresh.dataDir);
    other.kill('SIGKILL');
    await once(other, 'exit');

    const db = await openDatabase(fresh.config);
    await expect(openDatabase(fresh.config)).rejects.toThrow(DataDirectoryInUse);
    await db.close();
    await fresh.drop();
  });

  test('opens at once after a SIGKILL, with everything that was committed', async () => {
    const fresh = await freshDatabase('embedded');
    const other = await otherProcess(fresh.dataDir);
    other.kill('SIGKILL');
    await once(other, 'exit');

    const db = await openDatabase(fresh.config);
    const { rows } = await db.query<{ id: Buffer }>('select id from replays');
    expect(rows.map(({ id }) => id.toString())).toEqual(['kept']);
    await db.close();
    await fresh.drop();
  });

  test('opens again after it was closed', async () => {
    const fresh = await freshDatabase('embedded');
    for (const _ of [1, 2]) await openDatabase(fresh.config).then((db) => db.close());
    await fresh.drop();
  });
});
