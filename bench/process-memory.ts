import { readFileSync } from 'node:fs';
import { setTimeout as sleep } from 'node:timers/promises';
import { median, rounded } from './figures.ts';

const EVERY_MS = 100;

/** In megabytes, what the system (Linux) says of a process: what is resident, and the most that ever was. */
export interface Resident {
  readonly now: number;
  readonly peak: number;
}

export function resident(pid: number): Resident | undefined {
  try {
    const status = readFileSync(`/proc/${pid}/status`, 'utf8');
    return { now: megabytes(status, 'VmRSS'), peak: megabytes(status, 'VmHWM') };
  } catch {
    return undefined;
  }
}

function megabytes(status: string, field: string): number {
  const [, kilobytes] = new RegExp(`^${field}:\\s+(\\d+) kB`, 'm').exec(status) ?? [];
  return rounded(Number(kilobytes) / 1_024, 1);
}

/** The median and the most of what is resident while `work` is under way; undefined where the system does not say. */
export async function residentWhile(pid: number, work: Promise<unknown>) {
  const samples: number[] = [];
  let over = false;
  const watching = (async () => {
    while (!over) {
      const sample = resident(pid);
      if (sample) samples.push(sample.now);
      await sleep(EVERY_MS);
    }
  })();
  await work.finally(() => {
    over = true;
  });
  await watching;
  return samples.length > 0 ? { median: rounded(median(samples), 1), most: Math.max(...samples) } : undefined;
}
