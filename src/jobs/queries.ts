/** All SQL of the jobs room. Time is the database's: instances need not agree on theirs. */
import type { Db } from '#src/db/index.ts';

/**
 * Takes the job's turn if it is due, for so many seconds at most.
 *
 * @returns 0 when it was taken; else the seconds until it is due
 */
export async function claim(db: Db, name: string, leaseSeconds: number): Promise<number> {
  const { rowCount } = await db.query(
    `insert into jobs (name, due_at)
     values ($1, now() + make_interval(secs => $2))
         on conflict (name) do update
        set due_at = excluded.due_at
      where jobs.due_at <= now()`,
    [name, leaseSeconds],
  );
  return rowCount > 0 ? 0 : secondsUntilDue(db, name);
}

async function secondsUntilDue(db: Db, name: string): Promise<number> {
  const { rows } = await db.query<{ seconds: number }>(
    `select greatest(1, extract(epoch from due_at - now()))::float8 as seconds
       from jobs
      where name = $1`,
    [name],
  );
  return rows[0]?.seconds ?? 1;
}

export async function release(db: Db, name: string, pauseSeconds: number): Promise<void> {
  await db.query(
    `update jobs
        set due_at = now() + make_interval(secs => $2)
      where name = $1`,
    [name, pauseSeconds],
  );
}

/**
 * The turns whose lease is over, so that their keys can be taken up by somebody who lives. On pg-boss's own table, as its
 * documentation allows (pgboss.io/sql).
 */
export async function removeLapsedTurns(db: Db, name: string): Promise<void> {
  await db.query(
    `delete from pgboss.job
      where name = $1
        and state = 'active'
        and started_on + expire_seconds * interval '1 second' < now()`,
    [name],
  );
}

/** Those that were taken up before the engine was started, by whoever lived then. */
export async function removeTurnsOfLastRun(db: Db, name: string): Promise<void> {
  await db.query(
    `delete from pgboss.job
      where name = $1
        and state = 'active'
        and started_on < pg_postmaster_start_time()`,
    [name],
  );
}
