/**
 * `npm run bench -- saturation`: what becomes of a server that is offered twice what it can do, with its limit on work in
 * flight (`MINTMARK_MAX_IN_FLIGHT`) and without. docs/performance.md says how to read it.
 */
import { spawn } from 'node:child_process';
import { randomBytes } from 'node:crypto';
import { once } from 'node:events';
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { text } from 'node:stream/consumers';
import { fileURLToPath } from 'node:url';
import type { Mintmark } from '../demo/mintmark.ts';
import { median } from './figures.ts';
import { apiOf, asSubject, startInstance } from './instances.ts';
import { startLoad } from './load-generator.ts';
import { type Machine, thisMachine } from './machine.ts';
import { measure } from './measure.ts';
import type { Offered, OpenJob } from './open-load.ts';
import { type Postgres, startPostgres } from './postgres.ts';
import { tokenRequest } from './prepare.ts';
import { registerMachine } from './registered.ts';
import type { Subject } from './subjects.ts';
import { clientCredentials } from './works.ts';

export interface SaturationOptions {
  readonly rounds: number;
  /** Per measurement. */
  readonly seconds: number;
  /** The limits to compare, besides none at all. */
  readonly limits: readonly number[];
  readonly json: boolean;
}

const EXPECTED = '"access_token":"';
const REFUSAL = '"temporarily_unavailable"';
/** Connections that ask as fast as they are answered. */
const BUSY = 64;
const CONNECTIONS = 4_000;
/** The most that the setting takes: as good as no limit. */
const NO_LIMIT = 100_000;

interface Row {
  readonly limit: number | null;
  readonly answered_per_second: number;
  readonly p50_ms: number;
  readonly p99_ms: number;
  readonly refused_share: number;
  readonly refused_p99_ms: number;
  readonly unanswered: number;
}

/** @returns the exit code */
export async function saturation({ rounds, seconds, limits, json }: SaturationOptions): Promise<number> {
  const postgres = await startPostgres();
  if (!postgres) throw new Error('this needs a Postgres: set TEST_DATABASE_URL, or install one');
  const dataDir = await mkdtemp(join(tmpdir(), 'mintmark-saturation-'));
  const key = randomBytes(32);
  const machine = thisMachine();
  const servers: Mintmark[] = [];
  try {
    for (const limit of [...limits, NO_LIMIT]) {
      const [first] = servers;
      const env = { MINTMARK_MAX_IN_FLIGHT: String(limit), ...(first && { MINTMARK_ISSUER: first.url }) };
      servers.push(await startInstance({ postgres, dataDir, key, env, launcher: machine.serverCore }));
    }
    const subjects = await asSubjects(servers, postgres);
    const most = await saturate(subjects.at(-1) as Subject, seconds, machine);
    const samples = subjects.map((): Offered[] => []);
    for (let round = 0; round < rounds; round += 1) {
      for (const [i, subject] of subjects.entries()) {
        samples[i]?.push(await offer(subject, { rate: 2 * most, seconds, machine }));
      }
    }
    const rows = samples.map((offered, i) => row(limits[i] ?? null, offered));
    const result = { machine: machine.description, saturation_per_second: most, offered_per_second: 2 * most, rows };
    process.stdout.write(`${json ? JSON.stringify(result, null, 2) : asText(result)}\n`);
    return 0;
  } finally {
    for (const server of servers) await server.stop();
    await postgres.stop();
    await rm(dataDir, { recursive: true, force: true });
  }
}

async function asSubjects(servers: readonly Mintmark[], postgres: Postgres): Promise<Subject[]> {
  const registered = await registerMachine(apiOf((servers[0] as Mintmark).url));
  return servers.map((server) => asSubject(server, registered, postgres));
}

/** @returns requests a second, with as many always under way as it takes to keep the server busy */
async function saturate(subject: Subject, seconds: number, machine: Machine): Promise<number> {
  const effort = { seconds, concurrency: BUSY, warmUpSeconds: 1, most: 1_000_000 };
  const { work } = await clientCredentials()(subject, { atOnce: BUSY, distinct: 1, once: 0 });
  const load = startLoad(machine);
  const { perSecond } = await measure(subject, work, { load, effort }).finally(load.stop);
  return Math.round(perSecond);
}

async function offer(
  subject: Subject,
  { rate, seconds, machine }: { rate: number; seconds: number; machine: Machine },
): Promise<Offered> {
  const job: OpenJob = {
    port: Number(new URL(subject.url).port),
    request: tokenRequest(subject, subject.registered).toString('latin1'),
    expected: EXPECTED,
    refusal: REFUSAL,
    rate,
    seconds,
    connections: CONNECTIONS,
  };
  const script = fileURLToPath(new URL('./open-load.ts', import.meta.url));
  const [command = '', ...args] = [...machine.loadCore, process.execPath, script];
  const child = spawn(command, args, { stdio: ['pipe', 'pipe', 'inherit'] });
  const exit = once(child, 'exit');
  child.stdin.end(JSON.stringify(job));
  const output = await text(child.stdout);
  await exit;
  if (child.exitCode !== 0) throw new Error('the load generator failed');
  const offered = JSON.parse(output) as Offered;
  if (offered.error) throw new Error(offered.error);
  return offered;
}

function row(limit: number | null, rounds: readonly Offered[]): Row {
  return {
    limit,
    answered_per_second: Math.round(median(rounds.map(({ answered, seconds }) => answered / seconds))),
    p50_ms: median(rounds.map(({ p50 }) => p50)),
    p99_ms: median(rounds.map(({ p99 }) => p99)),
    refused_share: median(rounds.map(({ refused, offered }) => refused / offered)),
    refused_p99_ms: median(rounds.map(({ refusedP99 }) => refusedP99)),
    unanswered: Math.max(...rounds.map(({ unanswered }) => unanswered)),
  };
}

interface Result {
  readonly machine: string;
  readonly saturation_per_second: number;
  readonly offered_per_second: number;
  readonly rows: readonly Row[];
}

function asText({ machine, saturation_per_second: most, offered_per_second: offered, rows }: Result): string {
  return [
    `client credentials, opaque; ${machine}`,
    `closed loop: ${most} a second at most; then ${offered} a second arrive, whatever becomes of those before`,
    '',
    '  limit   answered/s    p50 ms    p99 ms      503   503 p99 ms   unanswered',
    ...rows.map((one) =>
      [
        (one.limit === null ? 'none' : String(one.limit)).padStart(7),
        String(one.answered_per_second).padStart(13),
        one.p50_ms.toFixed(1).padStart(10),
        one.p99_ms.toFixed(1).padStart(10),
        `${Math.round(one.refused_share * 100)} %`.padStart(9),
        one.refused_p99_ms.toFixed(1).padStart(13),
        String(one.unanswered).padStart(13),
      ].join(''),
    ),
  ].join('\n');
}
