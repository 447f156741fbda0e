import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { text } from 'node:stream/consumers';
import { fileURLToPath } from 'node:url';
import type { Case } from './cases.ts';
import type { Job, Measured } from './load.ts';
import { familySeconds, type Machine } from './machine.ts';
import type { Subject } from './subjects.ts';

/** One case on one subject, once. */
export interface Sample {
  readonly perSecond: number;
  readonly requests: number;
  readonly p50: number;
  readonly p99: number;
  /** Of the server's processes, per request. */
  readonly cpuMicroseconds: number | undefined;
  readonly seconds: number;
  /** Processor time that the load took, in seconds. */
  readonly loadCpu: number;
}

export interface Effort {
  readonly seconds: number;
  readonly concurrency: number;
  readonly warmUpSeconds: number;
  /** No measurement sends more, however fast the answers come. */
  readonly most: number;
}

const LOAD = fileURLToPath(new URL('./load.ts', import.meta.url));

/** @throws at the first answer that is not the expected one */
export async function measure(
  { name, expected }: Case,
  subject: Subject,
  requests: readonly string[],
  { machine, effort }: { machine: Machine; effort: Effort },
): Promise<Sample> {
  const port = Number(new URL(subject.url).port);
  const { seconds, concurrency, most } = effort;
  const job = { host: '127.0.0.1', port, requests, expected, seconds, concurrency, most };
  const warmUp = await load({ ...job, seconds: effort.warmUpSeconds }, machine);
  const before = familySeconds(subject.pid);
  const measured = await load(job, machine);
  const after = familySeconds(subject.pid);
  const error = warmUp.error ?? measured.error;
  if (error) throw new Error(`${subject.name}, ${name}: ${error}`);
  return {
    perSecond: measured.requests / measured.seconds,
    requests: measured.requests,
    p50: measured.p50,
    p99: measured.p99,
    seconds: measured.seconds,
    loadCpu: measured.cpu,
    cpuMicroseconds:
      before === undefined || after === undefined ? undefined : ((after - before) * 1_000_000) / measured.requests,
  };
}

async function load(job: Job, { loadCore }: Machine): Promise<Measured> {
  const [command = '', ...args] = [...loadCore, process.execPath, LOAD];
  const child = spawn(command, args, { stdio: ['pipe', 'pipe', 'inherit'] });
  const exit = once(child, 'exit');
  child.stdin.end(JSON.stringify(job));
  const output = await text(child.stdout);
  await exit;
  if (child.exitCode !== 0) throw new Error('the load generator failed');
  return JSON.parse(output) as Measured;
}
