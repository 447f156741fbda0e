/**
 * The statements that remove what is dead. Each takes a number of seconds and a number of rows, and passes over what
 * somebody has locked. The oldest are found by index, locked, and deleted where they lie (`ctid`, which cannot change
 * while they are locked): three times as fast as looking each up again by its id.
 */
import type { Db } from '#src/db/index.ts';

interface Dead {
  readonly table: string;
  /** Kept for the retention time after its end; without it, only while it may be of use. */
  readonly kept: boolean;
  /** `$1` seconds after its end, `$2` rows at most. */
  readonly statement: string;
}

export const DEAD: readonly Dead[] = [
  {
    // Revoked ones too leave when they expire and not before: until then a status list and a signature speak of them,
    // and a used refresh token that is gone could not be recognized as used (RFC 9700 §4.14.2).
    table: 'tokens',
    kept: true,
    statement: `
      delete from tokens
       where ctid = any (array(
         select ctid
           from tokens
          where expires_at < now() - make_interval(secs => $1)
          order by expires_at
          limit $2
            for update skip locked))`,
  },
  afterExpiry('pats', true),
  {
    // One that ended because the person signed out still says what was agreed to, until it would have ended anyway.
    // What was issued under a revoked grant is dead with or without its row. One that expired comes after everything
    // issued under it; should that ever not be so, it stays.
    table: 'grants',
    kept: true,
    statement: `
      delete from grants
       where ctid = any (array(
         select g.ctid
           from grants g
          where case when g.signed_out then g.expires_at else least(g.expires_at, g.revoked_at) end < now() - make_interval(secs => $1)
            and (g.revoked_at is not null and not g.signed_out or not exists (
                  select 1
                    from tokens t
                   where t.account_id = g.account_id
                     and t.grant_id = g.id
                     and t.expires_at > now()))
          order by case when g.signed_out then g.expires_at else least(g.expires_at, g.revoked_at) end
          limit $2
            for update of g skip locked))`,
  },
  {
    // With the deliveries they are of, which would take them along one by one.
    table: 'webhook_attempts',
    kept: false,
    statement: `
      delete from webhook_attempts
       where ctid = any (array(
         select a.ctid
           from webhook_deliveries d
           join webhook_attempts a on a.delivery_id = d.id
          where d.finished_at < now() - make_interval(days => 7, secs => $1)
          order by d.finished_at
          limit $2
            for update of a skip locked))`,
  },
  {
    // What was delivered and what died can be read, and sent again, for a week.
    table: 'webhook_deliveries',
    kept: false,
    statement: `
      delete from webhook_deliveries
       where ctid = any (array(
         select ctid
           from webhook_deliveries
          where finished_at < now() - make_interval(days => 7, secs => $1)
          order by finished_at
          limit $2
            for update skip locked))`,
  },
  {
    // However short the retention time: who was down for a day is told, and may have it told again for a week.
    table: 'events',
    kept: true,
    statement: `
      delete from events
       where ctid = any (array(
         select ctid
           from events e
          where created_at < now() - greatest(make_interval(secs => $1), interval '8 days')
            and not exists (select 1 from webhook_deliveries d where d.event_id = e.id)
          order by created_at
          limit $2
            for update skip locked))`,
  },
  afterExpiry('refresh_answers'),
  afterExpiry('replays'),
  afterExpiry('interactions'),
  afterExpiry('sessions'),
  afterExpiry('revocation_rules'),
  afterExpiry('sign_ins'),
  afterExpiry('handovers'),
  {
    // Counted for a day: nobody's mailbox is filled with them.
    table: 'password_resets',
    kept: false,
    statement: `
      delete from password_resets
       where ctid = any (array(
         select ctid
           from password_resets
          where expires_at < now() - make_interval(days => 1, secs => $1)
          order by expires_at
          limit $2
            for update skip locked))`,
  },
  {
    // Counted for a day. Who is locked out stays so; a name that nobody has is nobody's to unlock.
    table: 'guesses',
    kept: false,
    statement: `
      delete from guesses
       where ctid = any (array(
         select ctid
           from guesses
          where last_at < now() - make_interval(days => 1, secs => $1)
            and (account_id is null or blocked_until is null or blocked_until <= now())
          order by last_at
          limit $2
            for update skip locked))`,
  },
  {
    table: 'devices',
    kept: false,
    statement: `
      delete from devices
       where ctid = any (array(
         select ctid
           from devices
          where last_used_at < now() - make_interval(years => 1, secs => $1)
          order by last_used_at
          limit $2
            for update skip locked))`,
  },
];

/** What is of no use once it has expired; `kept`, for those who ask afterwards. */
function afterExpiry(table: string, kept = false): Dead {
  return {
    table,
    kept,
    statement: `
      delete from ${table}
       where ctid = any (array(
         select ctid
           from ${table}
          where expires_at < now() - make_interval(secs => $1)
          order by expires_at
          limit $2
            for update skip locked))`,
  };
}

/** @returns how many rows went: fewer than `most` when there are no more */
export async function remove(db: Db, { statement }: Dead, seconds: number, most: number): Promise<number> {
  const { rowCount } = await db.query(statement, [seconds, most]);
  return rowCount;
}

/** @param table one of ours: a name cannot be bound */
export async function vacuum(db: Db, { table }: Dead): Promise<void> {
  await db.query(`vacuum (analyze) ${table}`);
}
