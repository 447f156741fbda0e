import { expect, test } from '@jest/globals';
import { freshDatabase } from '../support/database.ts';
import { ended, printed, SERVE, spawnProgram } from '../support/program.ts';

const READY = /Mintmark is ready at (\S+)/;

test('a server whose log nobody reads any more goes on, and stops when it is told to', async () => {
  const { dataDir, drop } = await freshDatabase('embedded');
  const port = String(20_000 + Math.floor(Math.random() * 20_000));
  const program = spawnProgram(SERVE, { MINTMARK_DATA_DIR: dataDir, PORT: port });
  await printed(program, 'Mintmark is ready');
  const [, url = ''] = READY.exec(program.output()) ?? [];
  program.process.stdout?.destroy();
  for (let i = 0; i < 20; i += 1) expect((await fetch(`${url}/readyz`)).status).toBe(200);
  expect(await ended(program, 'SIGTERM')).toEqual({ code: 0, signal: null });
  await drop();
});
