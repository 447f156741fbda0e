/** What it is measured on, and how the server and the load are kept out of each other's way. */
import { execFileSync } from 'node:child_process';
import { readFileSync } from 'node:fs';
import { cpus } from 'node:os';

export interface Machine {
  readonly description: string;
  readonly pinned: boolean;
  /** Prefixes of a command line. Empty where processes cannot be pinned. */
  readonly serverCore: readonly string[];
  readonly loadCore: readonly string[];
  /** All but the server's. */
  readonly databaseCores: readonly string[];
}

export function thisMachine(): Machine {
  const [first] = cpus();
  const pinned = canPin(0) && canPin(1);
  return {
    description: `Node ${process.versions.node}, ${cpus().length} × ${first?.model.trim() ?? 'unknown'}, ${process.platform}`,
    pinned,
    serverCore: pinned ? ['taskset', '-c', '0'] : [],
    loadCore: pinned ? ['taskset', '-c', '1'] : [],
    databaseCores: pinned ? ['taskset', '-c', `1-${cpus().length - 1}`] : [],
  };
}

function canPin(core: number): boolean {
  try {
    execFileSync('taskset', ['-c', String(core), 'true'], { stdio: 'ignore' });
    return true;
  } catch {
    return false;
  }
}

const TICKS_PER_SECOND = 100;

/** CPU time of a process and its threads in seconds, where the system tells (Linux). */
export function cpuSeconds(pid: number): number | undefined {
  try {
    // The name of the program, in brackets, may hold spaces; utime and stime are the 12th and 13th fields behind it.
    const fields = readFileSync(`/proc/${pid}/stat`, 'utf8')
      .replace(/^.*\) /s, '')
      .split(' ');
    return (Number(fields[11]) + Number(fields[12])) / TICKS_PER_SECOND;
  } catch {
    return undefined;
  }
}

/** The same of a process and its children that live. */
export function familySeconds(pid: number): number | undefined {
  try {
    const children = readFileSync(`/proc/${pid}/task/${pid}/children`, 'utf8').trim().split(' ').filter(Boolean);
    const family = [pid, ...children.map(Number)];
    return family.reduce((sum, one) => sum + (cpuSeconds(one) ?? 0), 0);
  } catch {
    return undefined;
  }
}
