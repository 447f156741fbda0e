/**
 * `npm run bench -- workers`: one process against several (`MINTMARK_WORKERS`) on one Postgres, with nothing pinned: the
 * system gives the cores to whom it likes, and what each of them got is printed. docs/performance.md says how to read it.
 */
import { randomBytes } from 'node:crypto';
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { Mintmark } from '../demo/mintmark.ts';
import { CASES, type Case, concurrencyOf } from './cases.ts';
import { median } from './figures.ts';
import { apiOf, asSubject, startInstance } from './instances.ts';
import { type LoadGenerator, startLoad } from './load-generator.ts';
import { type Machine, thisMachine } from './machine.ts';
import { type Effort, measure } from './measure.ts';
import { startPostgres } from './postgres.ts';
import { registerApplication, registerMachine } from './registered.ts';
import type { Subject } from './subjects.ts';

export interface WorkersOptions {
  readonly count: number;
  readonly rounds: number;
  /** Per measurement. */
  readonly seconds: number;
  readonly json: boolean;
}

const CONCURRENCY = 64;
/** From little work beside Postgres to much. */
const COMPARED = [
  'client credentials, opaque',
  'client credentials, JWT ES256',
  'client credentials, JWT RS256',
  'sign-in by password',
];

interface Sample {
  readonly perSecond: number;
  readonly p50: number;
  readonly p99: number;
  /** Cores in use: by the server's processes, by Postgres's, by the load. */
  readonly server: number;
  readonly postgres: number;
  readonly load: number;
}

interface Row extends Sample {
  readonly case: string;
  readonly workers: number;
  /** Of the rates, in one round: the median. */
  readonly ratio: number;
}

/** @returns the exit code */
export async function workers({ count, rounds, seconds, json }: WorkersOptions): Promise<number> {
  const postgres = await startPostgres();
  if (!postgres) throw new Error('this needs a Postgres: set TEST_DATABASE_URL, or install one');
  const dataDir = await mkdtemp(join(tmpdir(), 'mintmark-workers-'));
  const key = randomBytes(32);
  const machine: Machine = { ...thisMachine(), pinned: false, serverCore: [], loadCore: [] };
  const load = startLoad(machine);
  const servers: Mintmark[] = [];
  try {
    for (const processes of [1, count]) {
      const [first] = servers;
      const env = { MINTMARK_WORKERS: String(processes), ...(first && { MINTMARK_ISSUER: first.url }) };
      servers.push(await startInstance({ postgres, dataDir, key, env }));
    }
    const api = apiOf((servers[0] as Mintmark).url);
    const [registered, application] = [await registerMachine(api), await registerApplication(api)];
    const subjects = servers.map((server) => ({ ...asSubject(server, registered, postgres), application }));
    const effort = { seconds, concurrency: CONCURRENCY, warmUpSeconds: 1, most: 1_000_000 };
    const rows: Row[] = [];
    for (const one of CASES.filter(({ name }) => COMPARED.includes(name))) {
      rows.push(...(await compare(one, subjects, { count, rounds, effort, load })));
    }
    const result = { machine: machine.description, concurrency: CONCURRENCY, rounds, seconds, rows };
    process.stdout.write(`${json ? JSON.stringify(result, null, 2) : asText(result)}\n`);
    return 0;
  } finally {
    await load.stop();
    for (const server of servers) await server.stop();
    await postgres.stop();
    await rm(dataDir, { recursive: true, force: true });
  }
}

interface Comparing {
  readonly count: number;
  readonly rounds: number;
  readonly effort: Effort;
  readonly load: LoadGenerator;
}

/** Alternating, and each round begins with the other. */
async function compare(one: Case, subjects: readonly Subject[], comparing: Comparing): Promise<Row[]> {
  const samples = subjects.map((): Sample[] => []);
  for (let round = 0; round < comparing.rounds; round += 1) {
    const order = [...subjects.entries()];
    for (const [i, subject] of round % 2 === 0 ? order : order.reverse()) {
      samples[i]?.push(await sample(one, subject, comparing));
    }
  }
  return samples.map((rounds, i) => {
    const of = (member: keyof Sample) => median(rounds.map((sample) => sample[member]));
    const ratio = median(rounds.map(({ perSecond }, round) => perSecond / (samples[0]?.[round]?.perSecond ?? 1)));
    const figures = { perSecond: of('perSecond'), p50: of('p50'), p99: of('p99') };
    const cores = { server: of('server'), postgres: of('postgres'), load: of('load') };
    return { case: one.name, workers: i === 0 ? 1 : comparing.count, ...figures, ...cores, ratio };
  });
}

async function sample(one: Case, subject: Subject, { effort, load }: Comparing): Promise<Sample> {
  const concurrency = concurrencyOf(one, effort);
  const { work } = await one.prepare(subject, { atOnce: concurrency, distinct: 1, once: 0 });
  const measured = await measure(subject, work, { load, effort: { ...effort, concurrency } });
  const { perSecond, p50, p99, cpuMicroseconds = 0, postgresMicroseconds = 0, loadMicroseconds } = measured;
  const cores = (microseconds: number) => (microseconds * perSecond) / 1_000_000;
  return {
    perSecond,
    p50,
    p99,
    server: cores(cpuMicroseconds),
    postgres: cores(postgresMicroseconds),
    load: cores(loadMicroseconds),
  };
}

interface Result {
  readonly machine: string;
  readonly concurrency: number;
  readonly rounds: number;
  readonly seconds: number;
  readonly rows: readonly Row[];
}

function asText({ machine, concurrency, rounds, seconds, rows }: Result): string {
  return [
    `Median of ${rounds} alternating rounds of ${seconds} s, ${concurrency} kept-alive connections on loopback, nothing pinned`,
    `${machine}; Postgres on the same machine, fsync and synchronous_commit on`,
    '',
    '                                workers   per second    p50 ms    p99 ms   × one   cores: server   Postgres    load',
    ...rows.map((row) =>
      [
        `  ${row.case.padEnd(32)}`,
        String(row.workers).padStart(5),
        String(Math.round(row.perSecond)).padStart(13),
        row.p50.toFixed(1).padStart(10),
        row.p99.toFixed(1).padStart(10),
        row.ratio.toFixed(2).padStart(8),
        row.server.toFixed(2).padStart(16),
        row.postgres.toFixed(2).padStart(11),
        row.load.toFixed(2).padStart(8),
      ].join(''),
    ),
  ].join('\n');
}
