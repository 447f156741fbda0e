import { setTimeout as sleep } from 'node:timers/promises';
import { describe, expect, test } from '@jest/globals';
import { createJobs } from '#src/jobs/index.ts';
import { ENGINES, withDatabase } from '../support/database.ts';
import { eventually } from '../support/eventually.ts';

describe.each(ENGINES)('Jobs on %s', (engine) => {
  const db = withDatabase(engine);
  const log = () => {
    const errors: unknown[] = [];
    return { errors, error: (failed: unknown) => void errors.push(failed) };
  };

  test('come round again, at one instance at a time', async () => {
    const instances = [1, 2, 3].map(() => createJobs({ db: db(), log: log() }));
    let underWay = 0;
    let most = 0;
    let turns = 0;
    const run = async () => {
      underWay += 1;
      most = Math.max(most, underWay);
      turns += 1;
      await sleep(100);
      underWay -= 1;
      return { more: false };
    };
    for (const jobs of instances) jobs.start({ name: 'round', every: 0.1, run });
    await eventually(() => turns >= 5, 15_000);
    await Promise.all(instances.map((jobs) => jobs.close()));
    expect(most).toBe(1);
  });

  test('that fail are logged and tried again', async () => {
    const lines = log();
    const jobs = createJobs({ db: db(), log: lines });
    let turns = 0;
    const run = async () => {
      turns += 1;
      if (turns === 1) throw new Error('not this time');
      return { more: false };
    };
    jobs.start({ name: 'failing', every: 0.1, run });
    await eventually(() => turns === 2, 5_000);
    await jobs.close();
    expect(lines.errors).toEqual([{ err: new Error('not this time'), job: 'failing' }]);
  });

  test('are told to stop, waited for, and not begun again', async () => {
    const jobs = createJobs({ db: db(), log: log() });
    const seen: string[] = [];
    const run = async (signal: AbortSignal) => {
      seen.push('began');
      await sleep(60_000, undefined, { signal }).catch(() => {});
      await sleep(50);
      seen.push('ended');
      return { more: true };
    };
    jobs.start({ name: 'long', every: 0.1, run });
    await eventually(() => seen.length === 1);
    await jobs.close();
    expect(seen).toEqual(['began', 'ended']);
  });

  test('wait while an instance that was killed may still be at it, and no longer', async () => {
    const from = Date.now();
    await db().query(`insert into jobs (name, due_at) values ('left', now() + interval '1500 milliseconds')`);
    const jobs = createJobs({ db: db(), log: log() });
    let turns = 0;
    const run = async () => {
      turns += 1;
      return { more: false };
    };
    jobs.start({ name: 'left', every: 0.1, run });
    await eventually(() => turns > 0, 5_000);
    await jobs.close();
    expect(Date.now() - from).toBeGreaterThanOrEqual(1_499);
  });
});
