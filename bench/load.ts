/**
 * The load, in a process of its own so that it can be pinned away from the server: reads a Job from stdin, keeps `concurrency`
 * requests under way until time or requests are up, prints a Measured. Ends at the first wrong answer.
 */
import { text } from 'node:stream/consumers';
import { type Connection, openConnection } from './connection.ts';

export interface Job {
  readonly host: string;
  readonly port: number;
  /** Raw HTTP requests, taken in turn. */
  readonly requests: readonly string[];
  /** What the body of every answer, which must be a 200, must hold. */
  readonly expected: string;
  readonly concurrency: number;
  readonly seconds: number;
  readonly most: number;
}

export interface Measured {
  readonly requests: number;
  readonly seconds: number;
  readonly p50: number;
  readonly p99: number;
  /** Processor time that the load took, in seconds. */
  readonly cpu: number;
  /** The first wrong answer, if there was one. */
  readonly error: string | undefined;
}

const job = JSON.parse(await text(process.stdin)) as Job;
process.stdout.write(JSON.stringify(await measure(job)));

async function measure({ host, port, concurrency, ...job }: Job): Promise<Measured> {
  const requests = job.requests.map((request) => Buffer.from(request));
  const connections = await Promise.all(Array.from({ length: concurrency }, () => openConnection(host, port)));
  const latencies: number[] = [];
  let next = 0;
  let error: string | undefined;
  const used = process.cpuUsage();
  const from = performance.now();
  const until = from + job.seconds * 1000;

  async function drive(connection: Connection): Promise<void> {
    while (!error && latencies.length < job.most) {
      const request = requests[next++ % requests.length] as Buffer;
      const begin = performance.now();
      if (begin >= until) return;
      const { status, body } = await connection.exchange(request);
      if (status !== 200 || !body.includes(job.expected)) error ??= `${status} ${body.slice(0, 300)}`;
      else latencies.push(performance.now() - begin);
    }
  }

  const drives = connections.map((connection) => drive(connection));
  await Promise.all(drives).catch((cause: Error) => {
    error ??= cause.message;
  });
  const seconds = (performance.now() - from) / 1000;
  for (const connection of connections) connection.close();
  const { user, system } = process.cpuUsage(used);
  latencies.sort((a, b) => a - b);
  const [p50, p99] = [quantile(latencies, 0.5), quantile(latencies, 0.99)];
  return { requests: latencies.length, seconds, p50, p99, cpu: (user + system) / 1_000_000, error };
}

function quantile(sorted: readonly number[], share: number): number {
  return sorted[Math.min(sorted.length - 1, Math.floor(sorted.length * share))] ?? 0;
}
