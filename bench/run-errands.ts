import type { Connection } from './connection.ts';
import { ascending } from './figures.ts';
import type { Errand } from './work.ts';

export interface Ran {
  /** Milliseconds of each, in ascending order. */
  readonly latencies: readonly number[];
  readonly seconds: number;
  /** The first wrong answer, if there was one. It ends everything: errors are fast, and must not look like speed. */
  readonly error: string | undefined;
}

/** Every connection on one errand after the other, until time, errands or patience with wrong answers are at an end. */
export async function runErrands(
  pairs: readonly (readonly [connection: Connection, errand: Errand])[],
  { seconds, most }: { seconds: number; most: number },
): Promise<Ran> {
  const latencies: number[] = [];
  let begun = 0;
  let error: string | undefined;
  const from = performance.now();
  const until = from + seconds * 1_000;

  async function drive([connection, errand]: readonly [Connection, Errand]): Promise<void> {
    let begin = from;
    while (error === undefined && begun < most && begin < until) {
      begun += 1;
      if (!(await errand(connection))) return;
      const end = performance.now();
      latencies.push(end - begin);
      begin = end;
    }
  }

  const drives = pairs.map((pair) =>
    drive(pair).catch((cause: Error) => {
      error ??= cause.message;
    }),
  );
  await Promise.all(drives);
  const lasted = (performance.now() - from) / 1_000;
  return { latencies: ascending(latencies), seconds: lasted, error };
}
