import { type Case, concurrencyOf, takesPart } from './cases.ts';
import type { LoadGenerator } from './load-generator.ts';
import { type Effort, measure, type Sample } from './measure.ts';
import type { Amounts } from './prepare.ts';
import type { Subject } from './subjects.ts';
import type { Prepared } from './works.ts';

export type Samples = Map<Case, Map<Subject, Sample[]>>;

export interface Rounds {
  readonly load: LoadGenerator;
  readonly rounds: number;
  readonly effort: Effort & Pick<Amounts, 'distinct'>;
}

/** A subject that was warmed up in its first round has only cooled down a little since. */
const NEXT_WARM_UP_SECONDS = 0.3;

/** Alternating: what disturbs the machine for a while disturbs all of them, and the order turns with every round. */
export async function allRounds(cases: readonly Case[], subjects: readonly Subject[], plan: Rounds): Promise<Samples> {
  const samples: Samples = new Map();
  for (const one of cases) {
    const present = subjects.filter(({ kind }) => takesPart(one, kind));
    const taken = new Map(present.map((subject) => [subject, [] as Sample[]]));
    const prepared = new Map<Subject, Prepared>();
    for (let round = 0; round < plan.rounds; round += 1) {
      const first = round % present.length;
      for (const subject of [...present.slice(first), ...present.slice(0, first)]) {
        taken.get(subject)?.push(await measureOnce(one, subject, plan, { round, prepared }));
      }
    }
    samples.set(one, taken);
  }
  return samples;
}

async function measureOnce(
  one: Case,
  subject: Subject,
  { load, effort }: Rounds,
  { round, prepared }: { round: number; prepared: Map<Subject, Prepared> },
): Promise<Sample> {
  const concurrency = concurrencyOf(one, effort);
  const warmUpSeconds = round === 0 ? effort.warmUpSeconds : Math.min(effort.warmUpSeconds, NEXT_WARM_UP_SECONDS);
  const once = Math.min(effort.most, Math.ceil((one.perSecond ?? 0) * effort.seconds));
  try {
    const known =
      prepared.get(subject) ?? (await one.prepare(subject, { atOnce: concurrency, distinct: effort.distinct, once }));
    // Chains of refresh tokens end with the load that followed them, as what is good once does.
    if (known.work.kind === 'requests' && !known.work.once) prepared.set(subject, known);
    const sample = await measure(subject, known.work, { load, effort: { ...effort, concurrency, warmUpSeconds } });
    await known.verify?.(sample.requests);
    return sample;
  } catch (cause) {
    throw new Error(`${one.name}, ${subject.name}: ${cause instanceof Error ? cause.message : cause}`, { cause });
  }
}
