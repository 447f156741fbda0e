import { median, rounded } from './figures.ts';
import type { Delivered, Effort, Sample } from './webhook-cases.ts';

/** All rounds beside the same webhooks: medians, because one disturbed round must not move the figure. */
export interface Row extends Sample {
  readonly beside: string;
  readonly slowest_round: number;
  readonly fastest_round: number;
  /** To the first row, of the same round. */
  readonly ratios: Readonly<Record<'steady_p50' | 'steady_cpu' | 'full_per_second' | 'full_cpu', number>>;
}

export interface Report {
  readonly machine: string;
  readonly pinned: boolean;
  /** Of the last minute, before and after. */
  readonly load_average: readonly [number, number];
  readonly effort: Effort;
  readonly subjects: readonly {
    readonly name: string;
    readonly deliveries: readonly Delivered[];
    readonly rows: readonly Row[];
  }[];
}

/** @param cases the first is what the others are compared with */
export function rowsOf(cases: readonly { name: string; rounds: readonly Sample[] }[]): Row[] {
  const [{ rounds: baseline } = { rounds: [] }] = cases;
  return cases.map(({ name, rounds }) => {
    const of = (member: keyof Sample) => rounded(median(rounds.map((round) => round[member])));
    const ratio = (member: keyof Sample) =>
      rounded(median(rounds.map((round, i) => round[member] / (baseline[i]?.[member] ?? 0))));
    const rates = rounds.map(({ full_per_second }) => Math.round(full_per_second));
    return {
      beside: name,
      steady_p50_ms: of('steady_p50_ms'),
      steady_p99_ms: of('steady_p99_ms'),
      steady_cpu_percent: of('steady_cpu_percent'),
      steady_postgres_percent: of('steady_postgres_percent'),
      full_per_second: Math.round(of('full_per_second')),
      full_p50_ms: of('full_p50_ms'),
      full_p99_ms: of('full_p99_ms'),
      full_cpu_us: Math.round(of('full_cpu_us')),
      hanging: of('hanging'),
      slowest_round: Math.min(...rates),
      fastest_round: Math.max(...rates),
      ratios: {
        steady_p50: ratio('steady_p50_ms'),
        steady_cpu: ratio('steady_cpu_percent'),
        full_per_second: ratio('full_per_second'),
        full_cpu: ratio('full_cpu_us'),
      },
    };
  });
}

const COLUMNS: readonly [heading: string, width: number, cell: (row: Row) => string][] = [
  ['refreshes beside', 20, ({ beside }) => beside],
  ['p50 ms', 9, ({ steady_p50_ms }) => steady_p50_ms.toFixed(2)],
  ['p99 ms', 9, ({ steady_p99_ms }) => steady_p99_ms.toFixed(2)],
  ['CPU %', 9, ({ steady_cpu_percent }) => steady_cpu_percent.toFixed(1)],
  ['× none', 9, ({ ratios }) => ratios.steady_cpu.toFixed(2)],
  ['Postgres %', 12, ({ steady_postgres_percent: percent }) => (percent > 0 ? percent.toFixed(1) : '-')],
  ['per second', 14, ({ full_per_second }) => String(full_per_second)],
  ['slowest–fastest', 17, ({ slowest_round, fastest_round }) => `${slowest_round}–${fastest_round}`],
  ['× none', 9, ({ ratios }) => ratios.full_per_second.toFixed(2)],
  ['p50 ms', 9, ({ full_p50_ms }) => full_p50_ms.toFixed(2)],
  ['p99 ms', 9, ({ full_p99_ms }) => full_p99_ms.toFixed(2)],
  ['CPU µs', 9, ({ full_cpu_us }) => String(full_cpu_us)],
  ['hanging', 9, ({ hanging }) => String(hanging)],
];

export function asText({ machine, pinned, load_average, effort, subjects }: Report): string {
  const { rounds, seconds, rate } = effort;
  const [before, after] = load_average;
  return [
    `Refreshes: median of ${rounds} alternating rounds; ${rate} a second for ${seconds} s, then 32 at a time for ${seconds} s`,
    `${machine}; ${pinned ? 'server on core 0, load and receiver on core 1, Postgres where the system puts it' : 'nothing is pinned'}`,
    `load average ${before.toFixed(1)} before, ${after.toFixed(1)} after`,
    ...subjects.flatMap(({ name, deliveries, rows }) => [
      '',
      name,
      ...deliveries.map(deliveryLine),
      line(['', 'steady', '', '', '', '', 'full load']),
      line(COLUMNS.map(([heading]) => heading)),
      ...rows.map((row) => line(COLUMNS.map(([, , cell]) => cell(row)))),
    ]),
  ].join('\n');
}

function deliveryLine({ case: name, per_second, events, repeated, seconds }: Delivered): string {
  return `  ${name}: ${per_second} deliveries a second (${events} in ${seconds.toFixed(1)} s, ${repeated} repeated)`;
}

function line(cells: readonly string[]): string {
  const [first = '', ...others] = COLUMNS.map(([, width], i) =>
    (cells[i] ?? '')[i === 0 ? 'padEnd' : 'padStart'](width),
  );
  return `  ${first}${others.join('')}`.trimEnd();
}
