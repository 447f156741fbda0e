/**
 * `npm run bench -- size`: what a request waits with ten thousand living tokens, and with ten million. Two Mintmarks, each with a
 * Postgres of its own, measured in turn in one run. docs/performance.md says how to read it. Exit code 1 when an
 * answer was wrong.
 */
import { median, rounded } from './figures.ts';
import { startLoad } from './load-generator.ts';
import { thisMachine } from './machine.ts';
import type { Measuring, Sample } from './measure.ts';
import { openSizedStore, type SizedStore } from './size-store.ts';
import { type TokenLoad, tokenLoad } from './token-load.ts';

export interface SizeOptions {
  /** In the large store. */
  readonly tokens: number;
  readonly rounds: number;
  readonly seconds: number;
  readonly json: boolean;
}

const SMALL = 10_000;
/** Alone a request waits for the database and nobody else; all together, for each other too. */
const AT_ONCE = [1, 32];
/** A measurement of issuing must not make the small store a large one. */
const MOST = { issue: 2_000, introspect: 1_000_000 };

type What = keyof TokenLoad;

interface Row {
  readonly what: What;
  readonly at_once: number;
  readonly small_p50_ms: number;
  readonly large_p50_ms: number;
  /** Medians of the rounds' own ratios: large to small. */
  readonly p50_ratio: number;
  readonly p99_ratio: number;
  readonly cpu_ratio: number;
}

const CASES = AT_ONCE.flatMap((at_once) => [
  { what: 'issue', at_once } as const,
  { what: 'introspect', at_once } as const,
]);

/** @returns the exit code */
export async function size({ tokens, rounds, seconds, json }: SizeOptions): Promise<number> {
  const machine = thisMachine();
  const load = startLoad(machine);
  const stores: SizedStore[] = [];
  try {
    for (const count of [SMALL, tokens]) stores.push(await openSizedStore(count, machine));
    const loads = await Promise.all(stores.map(({ subject, known }) => tokenLoad(subject, known)));
    const samples = CASES.map(() => stores.map(() => [] as Sample[]));
    for (let round = 0; round < rounds; round += 1) {
      for (const [i, { what, at_once }] of CASES.entries()) {
        const effort = { seconds, concurrency: at_once, warmUpSeconds: 1, most: MOST[what] };
        for (const no of inTurn(round)) {
          samples[i]?.[no]?.push(
            await measured(stores[no] as SizedStore, loads[no] as TokenLoad, what, { load, effort }),
          );
        }
      }
    }
    const rows = CASES.map((one, i) => toRow(one, samples[i] as Sample[][]));
    const result = {
      machine: machine.description,
      pinned: machine.pinned,
      rounds,
      seconds,
      stores: stores.map(shown),
      rows,
    };
    process.stdout.write(`${json ? JSON.stringify(result, null, 2) : asText(result)}\n`);
    return 0;
  } finally {
    await load.stop();
    for (const store of stores) await store.stop();
  }
}

/** What disturbs the machine for a while disturbs both, and the order turns with every round. */
const inTurn = (round: number): readonly number[] => (round % 2 === 0 ? [0, 1] : [1, 0]);

async function measured(store: SizedStore, tokens: TokenLoad, what: What, measuring: Measuring): Promise<Sample> {
  const sample = await tokens[what](measuring);
  if (what === 'issue') await store.forgetIssued();
  return sample;
}

function toRow({ what, at_once }: (typeof CASES)[number], [small = [], large = []]: readonly Sample[][]): Row {
  const ratio = (member: 'p50' | 'p99' | 'cpuMicroseconds') =>
    rounded(median(large.map((sample, round) => (sample[member] ?? 0) / (small[round]?.[member] ?? 0))), 3);
  return {
    what,
    at_once,
    small_p50_ms: rounded(median(small.map(({ p50 }) => p50)), 3),
    large_p50_ms: rounded(median(large.map(({ p50 }) => p50)), 3),
    p50_ratio: ratio('p50'),
    p99_ratio: ratio('p99'),
    cpu_ratio: ratio('cpuMicroseconds'),
  };
}

function shown({ tokens, known, table_mb, indexes_mb }: SizedStore) {
  return { tokens, known: known.length, table_mb, indexes_mb };
}

interface Result {
  readonly machine: string;
  readonly pinned: boolean;
  readonly rounds: number;
  readonly seconds: number;
  readonly stores: readonly ReturnType<typeof shown>[];
  readonly rows: readonly Row[];
}

function asText({ machine, pinned, rounds, seconds, stores, rows }: Result): string {
  return [
    `Medians of ${rounds} alternating rounds of ${seconds} s; ${machine}; ${pinned ? 'servers on core 0, load on core 1' : 'nothing is pinned'}`,
    ...stores.map(
      ({ tokens, known, table_mb, indexes_mb }) =>
        `${tokens} living tokens, ${known} of them asked about: table ${table_mb} MB, indexes ${indexes_mb} MB`,
    ),
    '',
    line(['', 'at once', 'small p50', 'large p50', '× p50', '× p99', '× CPU']),
    ...rows.map((row) =>
      line([
        row.what,
        String(row.at_once),
        ...[row.small_p50_ms, row.large_p50_ms].map((ms) => `${ms.toFixed(3)} ms`),
        ...[row.p50_ratio, row.p99_ratio, row.cpu_ratio].map((ratio) => ratio.toFixed(2)),
      ]),
    ),
  ].join('\n');
}

function line([first = '', ...others]: readonly string[]): string {
  return `  ${first.padEnd(12)}${others.map((cell) => cell.padStart(12)).join('')}`;
}
