import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { createInterface } from 'node:readline';
import { fileURLToPath } from 'node:url';
import type { Job, Measured } from './load.ts';
import type { Machine } from './machine.ts';

export interface LoadGenerator {
  /** @param warm called when the server is warmed up, right before the clock runs */
  run(job: Job, warm: () => void): Promise<Measured>;
  stop(): Promise<void>;
}

const LOAD = fileURLToPath(new URL('./load.ts', import.meta.url));
/** For a load that is not answered. */
const PATIENCE_MS = 60_000;

/** One process for all measurements: it is warm itself, and starting it is no part of any. */
export function startLoad({ loadCore }: Machine): LoadGenerator {
  const [command = '', ...args] = [...loadCore, process.execPath, LOAD];
  const child = spawn(command, args, { stdio: ['pipe', 'pipe', 'inherit'] });
  const ended = once(child, 'exit');
  const orphaned = () => child.kill('SIGKILL');
  process.once('exit', orphaned);
  // Its end is seen where it is read from.
  child.stdin.on('error', () => {});
  const lines = createInterface(child.stdout)[Symbol.asyncIterator]();

  return {
    async run(job, warm) {
      const longest = (job.seconds + job.warmUp.seconds) * 1_000 + PATIENCE_MS;
      const late = setTimeout(() => child.kill('SIGKILL'), longest);
      child.stdin.write(`${JSON.stringify(job)}\n`);
      await lines.next();
      warm();
      child.stdin.write('go\n');
      const line = await lines.next();
      clearTimeout(late);
      if (line.done) throw new Error('the load generator failed, or was not answered');
      return JSON.parse(line.value) as Measured;
    },
    async stop() {
      process.off('exit', orphaned);
      child.stdin.end();
      await ended;
    },
  };
}
