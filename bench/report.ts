import type { Case } from './cases.ts';
import type { Deliveries } from './deliveries.ts';
import { median, rounded } from './figures.ts';
import type { Machine } from './machine.ts';
import type { Sample } from './measure.ts';
import { type Options, WEBHOOKS } from './options.ts';
import type { Samples } from './rounds.ts';
import { KINDS, type Kind, type Subject } from './subjects.ts';

/** All rounds of one case on one subject. Medians, because one disturbed round must not move the figure. */
export interface Row {
  readonly case: string;
  readonly subject: string;
  readonly per_second: number;
  readonly slowest_round: number;
  readonly fastest_round: number;
  readonly p50_ms: number | null;
  readonly p99_ms: number | null;
  /** Per request: of the server's processes, of all of Postgres's, and of the load. */
  readonly cpu_us: number | null;
  readonly postgres_cpu_us: number | null;
  readonly load_cpu_us: number | null;
  /** The rate, as a multiple of each reference's in the same run. */
  readonly ratios: Readonly<Partial<Record<Reference, number>>>;
  readonly requests: number;
}

export type Reference = Exclude<Kind, 'mintmark'>;
export const REFERENCES = KINDS.filter((kind): kind is Reference => kind !== 'mintmark');

export interface Report {
  readonly machine: string;
  readonly pinned: boolean;
  /** Of the last minute, before and after. */
  readonly load_average: readonly [number, number];
  readonly effort: Options['effort'] & { readonly rounds: number };
  readonly cases: readonly { readonly name: string; readonly note: string }[];
  readonly subjects: readonly { readonly name: string; readonly durable: string; readonly secrets: string }[];
  readonly rows: readonly Row[];
}

export interface Results {
  readonly machine: Machine;
  readonly options: Options;
  readonly loadAverage: readonly [number, number];
  readonly subjects: readonly Subject[];
  readonly samples: Samples;
  readonly deliveries: readonly Deliveries[];
}

const DELIVERIES_NOTE = 'format event, to one receiver that answers at once; npm run bench -- webhooks measures more';

export function report({ machine, options, loadAverage, subjects, samples, deliveries }: Results): Report {
  const cases = [...samples.keys()].map(({ name, note }) => ({ name, note }));
  return {
    machine: machine.description,
    pinned: machine.pinned,
    load_average: loadAverage,
    effort: { ...options.effort, rounds: options.rounds },
    cases: deliveries.length > 0 ? [...cases, { name: WEBHOOKS, note: DELIVERIES_NOTE }] : cases,
    subjects: subjects.map(({ name, durable, secrets }) => ({ name, durable, secrets })),
    rows: [...[...samples].flatMap(rowsOf), ...deliveries.map(deliveryRow)],
  };
}

function rowsOf([{ name }, taken]: [Case, Map<Subject, Sample[]>]): Row[] {
  const rates = [...taken].map(
    ([{ kind }, rounds]) => [kind, median(rounds.map(({ perSecond }) => perSecond))] as const,
  );
  const references = rates.filter((one): one is readonly [Reference, number] => one[0] !== 'mintmark');
  return [...taken].map(([subject, rounds]) => {
    const of = (member: keyof Sample) => rounds.map((round) => round[member]).filter((value) => value !== undefined);
    const rate = median(of('perSecond'));
    return {
      case: name,
      subject: subject.name,
      ...spread(of('perSecond')),
      p50_ms: rounded(median(of('p50'))),
      p99_ms: rounded(median(of('p99'))),
      cpu_us: whole(of('cpuMicroseconds')),
      postgres_cpu_us: subject.postgres ? whole(of('postgresMicroseconds')) : null,
      load_cpu_us: whole(of('loadMicroseconds')),
      ratios: Object.fromEntries(references.map(([kind, reference]) => [kind, rounded(rate / reference)])),
      requests: of('requests').reduce((sum, requests) => sum + requests, 0),
    };
  });
}

function deliveryRow({ subject, perSecond, events }: Deliveries): Row {
  const unknown = { p50_ms: null, p99_ms: null, cpu_us: null, postgres_cpu_us: null, load_cpu_us: null };
  return { case: WEBHOOKS, subject, ...spread(perSecond), ...unknown, ratios: {}, requests: events };
}

function spread(rates: readonly number[]) {
  return {
    per_second: significant(median(rates)),
    slowest_round: significant(Math.min(...rates)),
    fastest_round: significant(Math.max(...rates)),
  };
}

function whole(values: readonly number[]): number | null {
  return values.length > 0 ? Math.round(median(values)) : null;
}

/** Of a few dozen a second, a tenth is worth telling. */
function significant(rate: number): number {
  return rate < 100 ? rounded(rate, 1) : Math.round(rate);
}
