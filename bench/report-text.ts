import type { Report, Row } from './report.ts';
import { REFERENCES } from './report.ts';

type Column = readonly [heading: string, width: number, cell: (row: Row) => string];

const COLUMNS: readonly Column[] = [
  ['', 32, ({ subject }) => subject],
  ['per second', 10, ({ per_second }) => String(per_second)],
  ['slowest–fastest', 17, ({ slowest_round, fastest_round }) => `${slowest_round}–${fastest_round}`],
  ['p50 ms', 9, ({ p50_ms }) => p50_ms?.toFixed(2) ?? '-'],
  ['p99 ms', 9, ({ p99_ms }) => p99_ms?.toFixed(2) ?? '-'],
  ['CPU µs', 9, ({ cpu_us }) => String(cpu_us ?? '-')],
  ['Postgres', 10, ({ postgres_cpu_us }) => String(postgres_cpu_us ?? '-')],
  ['load', 7, ({ load_cpu_us }) => String(load_cpu_us ?? '-')],
];

export function asText({ machine, pinned, load_average, effort, cases, subjects, rows }: Report): string {
  const { rounds, seconds, concurrency } = effort;
  const [before, after] = load_average;
  return [
    `Median of ${rounds} alternating rounds of ${seconds} s, ${concurrency} kept-alive connections on loopback, every answer checked`,
    `${machine}; ${pinned ? 'server on core 0, load on core 1, a Postgres of our own on all but core 0' : 'nothing is pinned'}`,
    `load average ${before.toFixed(1)} before, ${after.toFixed(1)} after`,
    '',
    ...cases.flatMap(({ name, note }) =>
      table(
        `${name} (${note})`,
        rows.filter((row) => row.case === name),
      ),
    ),
    ...subjects.map(({ name, durable, secrets }) => `${name}\n  durable: ${durable}\n  secrets: ${secrets}`),
  ].join('\n');
}

function table(title: string, rows: readonly Row[]): string[] {
  const columns = [...COLUMNS, ...ratioColumns(rows)];
  const lines = [columns.map(([heading]) => heading), ...rows.map((row) => columns.map(([, , cell]) => cell(row)))];
  return [title, ...lines.map((cells) => line(cells, columns)), ''];
}

/** One for each reference that took part. */
function ratioColumns(rows: readonly Row[]): Column[] {
  return REFERENCES.filter((kind) => rows.some(({ ratios }) => kind in ratios)).map((kind) => [
    `× ${kind}`,
    10,
    ({ ratios }) => ratios[kind]?.toFixed(2) ?? '-',
  ]);
}

function line(cells: readonly string[], columns: readonly Column[]): string {
  const [first = '', ...others] = cells.map((cell, i) => cell[i === 0 ? 'padEnd' : 'padStart'](columns[i]?.[1] ?? 0));
  return `  ${first}${others.join('')}`.trimEnd();
}
