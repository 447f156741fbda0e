import { describe, expect, it } from '@jest/globals';
import { CASES, type Case } from '../../bench/cases.ts';
import type { Sample } from '../../bench/measure.ts';
import { readOptions } from '../../bench/options.ts';
import { type Report, report } from '../../bench/report.ts';
import { asText } from '../../bench/report-text.ts';
import type { Kind, Subject } from '../../bench/subjects.ts';

const subject = (kind: Kind) => ({ kind, name: `the ${kind}`, durable: 'on disk', secrets: 'HMAC' }) as Subject;

const sample = (perSecond: number, cpuMicroseconds: number | undefined): Sample => ({
  perSecond,
  requests: perSecond * 2,
  p50: 1_000 / perSecond,
  p99: 2_000 / perSecond,
  cpuMicroseconds,
  postgresMicroseconds: undefined,
  loadMicroseconds: 13,
});

function reported(
  rates: Readonly<Partial<Record<Kind, readonly number[]>>>,
  { cpu }: { cpu?: number } = { cpu: 100 },
): Report {
  const taken = Object.entries(rates).map(
    ([kind, rounds]) => [subject(kind as Kind), rounds.map((rate) => sample(rate, cpu))] as const,
  );
  return report({
    machine: { description: 'a machine', pinned: true, serverCore: [], loadCore: [], databaseCores: [] },
    options: readOptions(['--rounds', '3']),
    loadAverage: [0, 1],
    subjects: taken.map(([one]) => one),
    samples: new Map([[CASES[0] as Case, new Map(taken)]]),
    deliveries: [{ subject: 'the mintmark', perSecond: [30, 10, 20], events: 60 }],
  });
}

describe('the report of the bench', () => {
  it('has medians, their spread, and the ratio to each reference', () => {
    const { rows } = reported({ bare: [100, 5, 110], plain: [50, 60, 40], mintmark: [210, 200, 900] });
    expect(rows.map(({ per_second }) => per_second)).toEqual([100, 50, 210, 20]);
    expect(rows[2]).toMatchObject({ slowest_round: 200, fastest_round: 900, ratios: { bare: 2.1, plain: 4.2 } });
    expect(rows[2]).toMatchObject({ p50_ms: 4.76, p99_ms: 9.52, cpu_us: 100, postgres_cpu_us: null, requests: 2_620 });
    expect(rows[1]?.ratios).toEqual({ bare: 0.5, plain: 1 });
    expect(rows[3]).toMatchObject({ case: 'webhook deliveries', ratios: {}, requests: 60 });
  });

  it('has no ratio to what was not measured, and no processor time where the system tells none', () => {
    const { rows } = reported({ mintmark: [100, 100, 100] }, {});
    expect(rows[0]).toMatchObject({ ratios: {}, cpu_us: null });
  });

  it('says in words what was measured, on what, and what it promises', () => {
    const text = asText(reported({ echo: [400, 400, 400], bare: [100, 100, 100], mintmark: [200, 200, 200] }));
    expect(text).toContain('Median of 3 alternating rounds');
    expect(text).toMatch(/× echo +× bare\n/);
    expect(text).toMatch(/the mintmark +200 +200–200 .* 0\.50 +2\.00\n/);
    expect(text).toContain('the mintmark\n  durable: on disk\n  secrets: HMAC');
  });
});
