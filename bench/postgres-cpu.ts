import { readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import type { Postgres } from './postgres.ts';

const TICKS_PER_SECOND = 100;

/** CPU time so far of all processes of a throw-away cluster; undefined where the system (Linux) or the server does not tell. */
export function clusterSeconds({ url }: Postgres): number | undefined {
  const dir = new URL(url).searchParams.get('host');
  if (!dir) return undefined;
  try {
    const [postmaster = ''] = readFileSync(join(dir, 'data', 'postmaster.pid'), 'utf8').split('\n');
    // What has ended is counted with its parent: the 14th and 15th fields.
    const ended = fieldsOf(postmaster).slice(13, 15);
    const living = readdirSync('/proc')
      .filter((name) => /^\d+$/.test(name))
      .map((pid) => [pid, fieldsOf(pid)] as const)
      .filter(([pid, [, parent]]) => pid === postmaster || parent === postmaster)
      .flatMap(([, fields]) => fields.slice(11, 13));
    return [...ended, ...living].reduce((sum, ticks) => sum + Number(ticks), 0) / TICKS_PER_SECOND;
  } catch {
    return undefined;
  }
}

/** Of /proc/<pid>/stat what is behind the program's name, which may hold spaces; nothing when it has ended meanwhile. */
function fieldsOf(pid: string): string[] {
  try {
    return readFileSync(`/proc/${pid}/stat`, 'utf8')
      .replace(/^.*\) /s, '')
      .split(' ');
  } catch {
    return [];
  }
}
