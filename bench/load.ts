/**
 * The load, in a process of its own so that it can be pinned away from the server. Of each Job, a line of JSON on stdin, it
 * warms the server up and says so; on the next line it measures, and prints a Measured. A job ends at the first wrong answer.
 */
import { createInterface } from 'node:readline';
import { openConnection } from './connection.ts';
import { quantile } from './figures.ts';
import { runErrands } from './run-errands.ts';
import { errands, type Work } from './work.ts';

export interface Job {
  readonly port: number;
  readonly work: Work;
  readonly concurrency: number;
  readonly warmUp: { readonly seconds: number; readonly most: number };
  readonly seconds: number;
  readonly most: number;
}

export interface Measured {
  readonly requests: number;
  readonly seconds: number;
  readonly p50: number;
  readonly p99: number;
  /** Of this process, while the clock ran. */
  readonly cpuSeconds: number;
  readonly error: string | undefined;
}

const lines = createInterface(process.stdin)[Symbol.asyncIterator]();
for (let line = await lines.next(); !line.done; line = await lines.next()) {
  const measured = await run(JSON.parse(line.value) as Job);
  process.stdout.write(`${JSON.stringify(measured)}\n`);
}

async function run({ port, work, concurrency, warmUp, ...effort }: Job): Promise<Measured> {
  const connecting = Array.from({ length: concurrency }, () => openConnection('127.0.0.1', port));
  const connections = await Promise.all(connecting);
  const pairs = errands(work, connections);
  const warmedUp = await runErrands(pairs, warmUp);
  process.stdout.write('warm\n');
  await lines.next();

  const before = process.cpuUsage();
  const ran = warmedUp.error === undefined ? await runErrands(pairs, effort) : { ...warmedUp, latencies: [] };
  const { user, system } = process.cpuUsage(before);
  for (const connection of connections) connection.close();
  return {
    requests: ran.latencies.length,
    seconds: ran.seconds,
    p50: quantile(ran.latencies, 0.5),
    p99: quantile(ran.latencies, 0.99),
    cpuSeconds: (user + system) / 1_000_000,
    error: ran.error,
  };
}
