/**
 * Arrivals at a fixed rate, whether or not those before have been answered: clients do not wait for each other. In a process
 * of its own so that it can be pinned away from the server: reads an OpenJob from stdin, prints an Offered.
 */
import { text } from 'node:stream/consumers';
import { setTimeout as sleep } from 'node:timers/promises';
import { wrong } from './browser.ts';
import { type Connection, openConnection } from './connection.ts';
import { ascending, quantile } from './figures.ts';

export interface OpenJob {
  readonly port: number;
  /** A raw HTTP request. */
  readonly request: string;
  /** What the body of every 200, and what that of every 503 must hold. */
  readonly expected: string;
  readonly refusal: string;
  /** A second. */
  readonly rate: number;
  readonly seconds: number;
  /** Kept open, each with one request under way. What arrives when all are taken waits for one. */
  readonly connections: number;
}

export interface Offered {
  readonly offered: number;
  readonly answered: number;
  readonly refused: number;
  /** Those whose connection broke, or who had no answer ten seconds after the last arrival. */
  readonly unanswered: number;
  /** Milliseconds from when it was due: of those that were answered, and of those that were refused. */
  readonly p50: number;
  readonly p99: number;
  readonly refusedP99: number;
  readonly seconds: number;
  readonly error: string | undefined;
}

const PATIENCE_MS = 10_000;

const job = JSON.parse(await text(process.stdin)) as OpenJob;
process.stdout.write(JSON.stringify(await offer(job)), () => process.exit(0));

async function offer({ port, rate, seconds, connections, ...job }: OpenJob): Promise<Offered> {
  const request = Buffer.from(job.request, 'latin1');
  const open = Array.from({ length: connections }, () => openConnection('127.0.0.1', port));
  const idle: Connection[] = await Promise.all(open);
  const answered: number[] = [];
  const refused: number[] = [];
  /** When those were due that wait for a connection, from `first` on: taken off the front, each would move all behind it. */
  const waiting: number[] = [];
  let first = 0;
  const longestWaiting = () => (first < waiting.length ? waiting[first++] : undefined);
  let offered = 0;
  let broken = 0;
  let error: string | undefined;

  async function drive(connection: Connection, due: number): Promise<void> {
    for (let next: number | undefined = due; next !== undefined; next = longestWaiting()) {
      const answer = await connection.exchange(request);
      const latency = performance.now() - next;
      const { status, body } = answer;
      if (status === 200 && body.includes(job.expected)) answered.push(latency);
      else if (status === 503 && body.includes(job.refusal)) refused.push(latency);
      else error ??= wrong(answer).message;
    }
    idle.push(connection);
  }

  function arrive(due: number): void {
    offered += 1;
    const connection = idle.pop();
    if (connection) drive(connection, due).catch(broke);
    else waiting.push(due);
  }

  /** Nobody was answered, and there is one connection less: the outcome says so as `unanswered`. */
  function broke(): void {
    broken += 1;
  }

  const from = performance.now();
  while (!error && performance.now() < from + seconds * 1_000) {
    const due = Math.floor(((performance.now() - from) * rate) / 1_000);
    while (offered < due) arrive(from + (offered * 1_000) / rate);
    await sleep(1);
  }
  const lasted = performance.now() - from;
  const until = performance.now() + PATIENCE_MS;
  // Of the answers only those that came while requests kept arriving say what it can do.
  const inTime = answered.length;
  while (!error && answered.length + refused.length + broken < offered && performance.now() < until) await sleep(10);
  return { ...outcome({ offered, answered, refused }), answered: inTime, seconds: lasted / 1_000, error };
}

interface Latencies {
  readonly offered: number;
  readonly answered: readonly number[];
  readonly refused: readonly number[];
}

function outcome({ offered, answered, refused }: Latencies) {
  const unanswered = offered - answered.length - refused.length;
  const sorted = ascending(answered);
  const [p50, p99] = [quantile(sorted, 0.5), quantile(sorted, 0.99)];
  return { offered, refused: refused.length, unanswered, p50, p99, refusedP99: quantile(ascending(refused), 0.99) };
}
