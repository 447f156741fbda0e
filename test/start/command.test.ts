import { readFile } from 'node:fs/promises';
import { fileURLToPath } from 'node:url';
import { describe, expect, test } from '@jest/globals';
import { freshDatabase } from '../support/database.ts';
import { ended, printed, spawnProgram } from '../support/program.ts';

const BIN = fileURLToPath(new URL('../../bin/mintmark.js', import.meta.url));

describe('mintmark serve', () => {
  test('serves in the process that was started, with a small nursery, and drains on SIGTERM', async () => {
    const { dataDir, drop } = await freshDatabase('embedded');
    const port = String(20_000 + Math.floor(Math.random() * 20_000));
    const program = spawnProgram([BIN, 'serve'], { MINTMARK_DATA_DIR: dataDir, PORT: port });
    await printed(program, 'Mintmark is ready');
    if (process.platform === 'linux') {
      const line = await readFile(`/proc/${program.process.pid}/cmdline`, 'utf8');
      expect(line.split('\0').slice(1, -1)).toEqual([
        '--max-semi-space-size=4',
        '--heap-growing-percent=100',
        BIN,
        'serve',
      ]);
    }
    expect(await ended(program, 'SIGTERM')).toEqual({ code: 0, signal: null });
    await drop();
  }, 60_000);

  test('says what is wrong with a setting, and ends with exit code 2', async () => {
    const program = spawnProgram([BIN, 'serve'], { PORT: 'harbour' });
    expect(await program.exited).toEqual({ code: 2, signal: null });
    expect(program.output()).toContain('PORT is');
  }, 60_000);
});
