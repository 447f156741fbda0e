import type { Case } from './cases.ts';
import type { Machine } from './machine.ts';
import type { Effort, Sample } from './measure.ts';
import type { Subject } from './subjects.ts';

/** All rounds of one case on one subject. Medians, because one disturbed round must not move the figure. */
export interface Row {
  readonly case: string;
  readonly subject: string;
  readonly per_second: number;
  readonly slowest_round: number;
  readonly fastest_round: number;
  readonly p50_ms: number;
  readonly p99_ms: number;
  /** Of the server process; without Postgres's own processes. */
  readonly cpu_us_per_request: number | null;
  /** Times the bare engine's rate, of the same run. */
  readonly ratio: number;
  readonly requests: number;
}

export interface Report {
  readonly machine: string;
  readonly pinned: boolean;
  readonly effort: Effort & { readonly rounds: number };
  readonly cases: readonly { readonly name: string; readonly signature: string }[];
  readonly subjects: readonly { readonly name: string; readonly durable: string; readonly secrets: string }[];
  readonly rows: readonly Row[];
}

export type Samples = ReadonlyMap<Case, ReadonlyMap<Subject, readonly Sample[]>>;

export function report(samples: Samples, machine: Machine, effort: Report['effort']): Report {
  const subjects = [...(samples.values().next().value?.keys() ?? [])];
  return {
    machine: machine.description,
    pinned: machine.pinned,
    effort,
    cases: [...samples.keys()].map(({ name, signature }) => ({ name, signature })),
    subjects: subjects.map(({ name, durable, secrets }) => ({ name, durable, secrets })),
    rows: [...samples].flatMap(([{ name }, bySubject]) => {
      const [bare = []] = bySubject.values();
      const baseline = median(bare.map(({ perSecond }) => perSecond));
      return [...bySubject].map(([subject, rounds]) => row(name, subject.name, rounds, baseline));
    }),
  };
}

function row(name: string, subject: string, rounds: readonly Sample[], baseline: number): Row {
  const rates = rounds.map(({ perSecond }) => perSecond);
  const cpu = rounds.map(({ cpuMicroseconds }) => cpuMicroseconds).filter((value) => value !== undefined);
  return {
    case: name,
    subject,
    per_second: Math.round(median(rates)),
    slowest_round: Math.round(Math.min(...rates)),
    fastest_round: Math.round(Math.max(...rates)),
    p50_ms: rounded(median(rounds.map(({ p50 }) => p50))),
    p99_ms: rounded(median(rounds.map(({ p99 }) => p99))),
    cpu_us_per_request: cpu.length > 0 ? Math.round(median(cpu)) : null,
    ratio: rounded(median(rates) / baseline),
    requests: rounds.reduce((sum, { requests }) => sum + requests, 0),
  };
}

function median(values: readonly number[]): number {
  const sorted = [...values].sort((a, b) => a - b);
  const middle = Math.floor(sorted.length / 2);
  const upper = sorted[middle] ?? 0;
  return sorted.length % 2 === 1 ? upper : ((sorted[middle - 1] ?? 0) + upper) / 2;
}

function rounded(value: number): number {
  return Math.round(value * 100) / 100;
}

const WIDTHS = [30, 10, 17, 9, 9, 9, 9];
const HEADINGS = ['', 'per second', 'slowest–fastest', 'p50 ms', 'p99 ms', 'CPU µs', '× bare'];

export function asText({ machine, pinned, effort, cases, subjects, rows }: Report): string {
  const { rounds, seconds, concurrency } = effort;
  const tables = cases.flatMap(({ name, signature }) => [
    `${name} (${signature})`,
    line(HEADINGS),
    ...rows
      .filter((row) => row.case === name)
      .map(cells)
      .map(line),
    '',
  ]);
  return [
    `Median of ${rounds} alternating rounds of ${seconds} s, ${concurrency} kept-alive connections on loopback, every answer checked`,
    `${machine}; ${pinned ? 'server on core 0, load on core 1, Postgres where the system puts it' : 'nothing is pinned'}`,
    '',
    ...tables,
    ...subjects.map(({ name, durable, secrets }) => `${name}\n  durable: ${durable}\n  client secrets: ${secrets}`),
  ].join('\n');
}

function cells(row: Row): string[] {
  const spread = `${row.slowest_round}–${row.fastest_round}`;
  const cpu = row.cpu_us_per_request === null ? '-' : String(row.cpu_us_per_request);
  const latency = [row.p50_ms.toFixed(2), row.p99_ms.toFixed(2)];
  return [row.subject, String(row.per_second), spread, ...latency, cpu, row.ratio.toFixed(2)];
}

function line(cells: readonly string[]): string {
  return cells
    .map((cell, i) => (i === 0 ? `  ${cell.padEnd(WIDTHS[i] ?? 0)}` : cell.padStart(WIDTHS[i] ?? 0)))
    .join('');
}
