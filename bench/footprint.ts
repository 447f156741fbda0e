/**
 * `npm run bench -- footprint`: how long a start takes on a database that is there already, and how much memory the process
 * holds when idle, when it was asked a little, and under full load. docs/performance.md says how to read it.
 */
import { loadavg } from 'node:os';
import { setTimeout as sleep } from 'node:timers/promises';
import { median } from './figures.ts';
import { startLoad } from './load-generator.ts';
import { type Machine, thisMachine } from './machine.ts';
import { startPostgres } from './postgres.ts';
import { resident, residentWhile } from './process-memory.ts';
import { type Installation, install, type Started } from './timed-start.ts';
import { tokenLoad } from './token-load.ts';

export interface FootprintOptions {
  /** Starts on each engine. */
  readonly rounds: number;
  /** Of full load. */
  readonly seconds: number;
  readonly json: boolean;
}

const IDLE_MS = 1_500;
const QUESTIONS = 20;
/** Of each kind. */
const AT_ONCE = 16;
const MOST = 1_000_000;

/** @returns the exit code */
export async function footprint({ rounds, seconds, json }: FootprintOptions): Promise<number> {
  const machine = thisMachine();
  const postgres = await startPostgres();
  if (!postgres) process.stderr.write('No Postgres: set TEST_DATABASE_URL, or install one, to measure on it too.\n');
  const installations: Installation[] = [];
  try {
    for (const engine of [undefined, ...(postgres ? [postgres] : [])]) installations.push(await install(engine));
    const starts = await allStarts(installations, rounds);
    const engines: Engine[] = [];
    for (const one of installations) {
      engines.push({
        engine: one.name,
        start: startsOf(starts.get(one) ?? []),
        memory_mb: await memory(one, seconds, machine),
      });
    }
    const result = { machine: machine.description, rounds, seconds, load_average: loadavg()[0] ?? 0, engines };
    process.stdout.write(`${json ? JSON.stringify(result, null, 2) : asText(result)}\n`);
    return 0;
  } finally {
    for (const one of installations) await one.remove();
    await postgres?.stop();
  }
}

/** Alternating: what disturbs the machine for a while disturbs both. */
async function allStarts(installations: readonly Installation[], rounds: number) {
  const starts = new Map(installations.map((one) => [one, [] as Started[]]));
  for (let round = 0; round < rounds; round += 1) {
    for (const one of round % 2 === 0 ? installations : [...installations].reverse()) {
      const started = await one.start();
      starts.get(one)?.push(started);
      await started.stop();
    }
  }
  return starts;
}

/** One process, through all of it. Null where the system does not say. */
async function memory(installation: Installation, seconds: number, machine: Machine) {
  const started = await installation.start(machine.serverCore);
  const [one, other] = [startLoad(machine), startLoad(machine)];
  try {
    const { pid } = started;
    await sleep(IDLE_MS);
    const idle = resident(pid);
    const tokens = await tokenLoad(installation.asSubject(started));
    const little = { seconds: 1, concurrency: 1, warmUpSeconds: 0, most: QUESTIONS };
    await installation.api.request('GET', '/clients');
    await tokens.issue({ load: one, effort: little });
    await tokens.introspect({ load: one, effort: little });
    const asked = resident(pid);
    const effort = { seconds, concurrency: AT_ONCE, warmUpSeconds: 1, most: MOST };
    const both = Promise.all([tokens.issue({ load: one, effort }), tokens.introspect({ load: other, effort })]);
    const loaded = await residentWhile(pid, both);
    const rates = (await both).map(({ perSecond }) => perSecond);
    await sleep(IDLE_MS);
    const afterwards = resident(pid);
    return {
      idle: idle?.now ?? null,
      asked: asked?.now ?? null,
      full_load: loaded?.median ?? null,
      full_load_most: loaded?.most ?? null,
      afterwards: afterwards?.now ?? null,
      peak: afterwards?.peak ?? null,
      requests_per_second: Math.round(rates.reduce((sum, rate) => sum + rate, 0)),
    };
  } finally {
    for (const load of [one, other]) await load.stop();
    await started.stop();
  }
}

interface Spread {
  readonly median: number;
  readonly fastest: number;
  readonly slowest: number;
}

interface Engine {
  readonly engine: string;
  readonly start: { readonly discovery_ms: Spread; readonly token_ms: Spread; readonly cpu_ms: Spread };
  readonly memory_mb: Awaited<ReturnType<typeof memory>>;
}

function startsOf(starts: readonly Started[]): Engine['start'] {
  return {
    discovery_ms: spread(starts.map(({ discovery_ms }) => discovery_ms)),
    token_ms: spread(starts.map(({ token_ms }) => token_ms)),
    cpu_ms: spread(starts.map(({ cpu_ms }) => cpu_ms ?? 0)),
  };
}

function spread(values: readonly number[]): Spread {
  const [fastest, slowest] = [Math.min(...values), Math.max(...values)];
  return { median: Math.round(median(values)), fastest: Math.round(fastest), slowest: Math.round(slowest) };
}

interface Result {
  readonly machine: string;
  readonly rounds: number;
  readonly seconds: number;
  readonly load_average: number;
  readonly engines: readonly Engine[];
}

function asText({ machine, rounds, seconds, load_average, engines }: Result): string {
  const range = ({ median, fastest, slowest }: Spread) => `${median} (${fastest}–${slowest})`;
  const mb = (value: number | null) => (value === null ? '-' : value.toFixed(0));
  return [
    `${rounds} starts on each engine, in turn; ${seconds} s of full load; ${machine}; load average ${load_average.toFixed(1)}`,
    '',
    line(['start, ms', 'first answer', 'first token', 'CPU']),
    ...engines.map(({ engine, start }) =>
      line([engine, range(start.discovery_ms), range(start.token_ms), range(start.cpu_ms)]),
    ),
    '',
    line(['resident, MB', 'idle', 'asked', 'full load', 'most', 'afterwards', 'requests/s']),
    ...engines.map(({ engine, memory_mb: m }) =>
      line([engine, ...[m.idle, m.asked, m.full_load, m.full_load_most, m.afterwards, m.requests_per_second].map(mb)]),
    ),
  ].join('\n');
}

function line([first = '', ...others]: readonly string[]): string {
  return `  ${first.padEnd(14)}${others.map((cell) => cell.padStart(20)).join('')}`;
}
