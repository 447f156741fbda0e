import type { Db } from '#src/db/index.ts';

export interface Charge {
  readonly subject: Buffer;
  readonly accountId: string | null;
  readonly proof: string;
  /** Failures from which on it is blocked; null: never. */
  readonly from: number | null;
  /** Seconds, doubled with each failure more up to `longest`; null: until an administrator. */
  readonly first: number | null;
  readonly longest: number | null;
  /** After a block has passed the next failure is the first again. */
  readonly startsAnew: boolean;
}

export interface ChargeRow {
  allowed: boolean;
  blocked_now: boolean;
  until_enabled: boolean;
  retry_after: number | null;
}

/** Until when the `n`th failure blocks. */
const blockedBy = (n: string) => `
  case when $4::integer is null or ${n} < $4 then null
       when $5::float8 is null then 'infinity'::timestamptz
       else now() + make_interval(secs => least($5::float8, $6::float8 * 2 ^ least(${n} - $4, 30)))
  end`;

/**
 * Counts a failure unless it is blocked. The row is locked while it is counted: of a hundred at once each sees those
 * before it. Failures older than a day are forgotten.
 *
 * @returns undefined when it was blocked by what this statement could not see yet
 */
export async function charge(db: Db, given: Charge): Promise<ChargeRow | undefined> {
  const { rows } = await db.query<ChargeRow>(
    `with counted as (
       insert into guesses as g (subject, account_id, proof, failures, last_at, blocked_until)
       values ($1, $2, $3, 1, now(), ${blockedBy('1')})
       on conflict (subject) do update
          set (failures, last_at, blocked_until) = (
                select n, now(), ${blockedBy('n')}
                  from (select case when g.last_at < now() - interval '1 day' or ($7 and g.blocked_until is not null)
                                    then 1
                                    else g.failures + 1 end) as next (n))
        where g.blocked_until is null or g.blocked_until <= now()
       returning blocked_until
     )
     select true as allowed, blocked_until is not null as blocked_now, false as until_enabled, null::float8 as retry_after
       from counted
      union all
     select false, false, coalesce(blocked_until = 'infinity', false),
            case when isfinite(blocked_until) and blocked_until > now()
                 then ceil(extract(epoch from blocked_until - now()))::float8 end
       from guesses
      where subject = $1
        and not exists (select 1 from counted)`,
    [given.subject, given.accountId, given.proof, given.from, given.longest, given.first, given.startsAnew],
  );
  return rows[0];
}

export interface StandingRow {
  blocked: boolean;
}

/** @returns undefined when nothing is counted of it */
export async function findStanding(db: Db, subject: Buffer): Promise<StandingRow | undefined> {
  const { rows } = await db.query<StandingRow>(
    'select coalesce(blocked_until > now(), false) as blocked from guesses where subject = $1',
    [subject],
  );
  return rows[0];
}

export async function forget(db: Db, subject: Buffer): Promise<void> {
  await db.query('delete from guesses where subject = $1', [subject]);
}

/** Not those of its second factor: who can replace a password must not get more guesses at the other proof by it. */
export async function forgetPasswordGuesses(db: Db, accountId: string): Promise<void> {
  await db.query(`delete from guesses where account_id = $1 and proof = 'password'`, [accountId]);
}

export interface LockRow {
  account_id: string;
  /** Null: until an administrator. */
  blocked_until: Date | null;
}

export async function findLocks(db: Db, subjects: readonly Buffer[]): Promise<LockRow[]> {
  const { rows } = await db.query<LockRow>(
    `select account_id, nullif(blocked_until, 'infinity') as blocked_until
       from guesses
      where subject = any(array(select unnest($1::bytea[])))
        and blocked_until > now()`,
    [subjects],
  );
  return rows;
}
