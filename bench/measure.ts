import type { LoadGenerator } from './load-generator.ts';
import { familySeconds } from './machine.ts';
import { clusterSeconds } from './postgres-cpu.ts';
import type { Subject } from './subjects.ts';
import type { Work } from './work.ts';

/** One case on one subject, once. */
export interface Sample {
  readonly perSecond: number;
  readonly requests: number;
  readonly p50: number;
  readonly p99: number;
  /** Per request, of the server's processes, of all of Postgres's, and of the load itself. */
  readonly cpuMicroseconds: number | undefined;
  readonly postgresMicroseconds: number | undefined;
  readonly loadMicroseconds: number;
}

export interface Effort {
  readonly seconds: number;
  readonly concurrency: number;
  readonly warmUpSeconds: number;
  /** No measurement sends more, however fast the answers come. */
  readonly most: number;
}

export interface Measuring {
  readonly load: LoadGenerator;
  readonly effort: Effort;
}

/** Of what is good once. */
const WARM_UP_SHARE = 0.15;

/** @throws at the first answer that is not the expected one */
export async function measure(subject: Subject, work: Work, { load, effort }: Measuring): Promise<Sample> {
  const { seconds, concurrency, most, warmUpSeconds } = effort;
  const warmUpMost = work.kind === 'requests' && work.once ? Math.floor(work.requests.length * WARM_UP_SHARE) : most;
  const warmUp = { seconds: warmUpSeconds, most: warmUpMost };
  const job = { port: Number(new URL(subject.url).port), work, concurrency, warmUp, seconds, most };
  // Read while the load waits: warmed up before, and done after.
  let before = cpu(subject);
  const measured = await load.run(job, () => {
    before = cpu(subject);
  });
  const after = cpu(subject);
  if (measured.error !== undefined) throw new Error(measured.error);
  const each = (cpu: number | undefined) => cpu && (cpu * 1_000_000) / measured.requests;
  return {
    perSecond: measured.requests / measured.seconds,
    requests: measured.requests,
    p50: measured.p50,
    p99: measured.p99,
    cpuMicroseconds: each(difference(after.server, before.server)),
    postgresMicroseconds: each(difference(after.postgres, before.postgres)),
    loadMicroseconds: each(measured.cpuSeconds) ?? 0,
  };
}

function cpu({ pid, postgres }: Subject) {
  return { server: familySeconds(pid), postgres: postgres && clusterSeconds(postgres) };
}

function difference(after: number | undefined, before: number | undefined): number | undefined {
  return after === undefined || before === undefined ? undefined : after - before;
}
