/** All SQL of what came of an attempt. */
import type { Db } from '#src/db/index.ts';
import { nobodyWaits } from './erasure-queries.ts';

/** One attempt and what follows from it. Durations in seconds, except that of the attempt. */
export interface Result {
  readonly webhookId: string;
  readonly version: string;
  /** Of the webhook in a row, when the attempt began. */
  readonly failures: number;
  readonly deliveryId: string;
  /** Of the delivery, when it was taken. */
  readonly attempts: number;
  readonly outcome: 'delivered' | 'failed' | 'dead';
  /** It is the target's fault. */
  readonly failing: boolean;
  /** It may be down: it is to be asked more rarely. */
  readonly down: boolean;
  /** Until the delivery is tried again. */
  readonly delay: number;
  /** For which the webhook rests, should it have failed too often. */
  readonly rest: number;
  /** For which the target asked to be left alone. */
  readonly asked: number;
  readonly at: Date;
  /** Milliseconds. */
  readonly duration: number;
  readonly status: number | undefined;
  readonly error: string | undefined;
  readonly answer: string | undefined;
}

export interface SettledRow {
  /** null: it was not there to be settled. */
  status: 'pending' | 'delivered' | 'dead' | null;
  failures: number;
  /** The webhook is not what it was when it was taken up: nothing more may be sent of what was read then. */
  ended: boolean;
  failing_a_day: boolean;
  /** Nobody waits for the body of a notification any more, and it is gone. */
  erased: boolean;
}

/** An answer that takes longer is slow. Most take less than a tenth of it. */
const SLOW_MS = 2_000;

/**
 * Writes down an attempt and all that it changes, or nothing: when the delivery is not as it was taken, somebody else has
 * settled it meanwhile. A turn that was believed dead (a process stopped for a minute, a network that came back) is late
 * with its news, which then undoes nothing of what its successor did.
 *
 * The webhook is locked before the delivery, in the order of `takeUp`, and only where it is to change. While all goes well it
 * is written once a second and not with every delivery, or deliveries at the same time would wait for each other's commit.
 *
 * A failure counts when the number of failures is still what it was when the attempt began: ten at the same time that meet a
 * target which is just restarting are one failure, not a rest of an hour.
 */
export async function settle(db: Db, result: Result, rested: { from: number }): Promise<SettledRow> {
  const { rows } = await db.query<SettledRow>(SETTLE, [JSON.stringify(result), rested.from, SLOW_MS]);
  return rows[0] as SettledRow;
}

const SETTLE = `
with result as materialized (
  select r."webhookId" as webhook_id, r.version, r.failures, r."deliveryId" as delivery_id, r.attempts, r.outcome,
         r.failing, r.down, r.delay, r.rest, r.asked, r.at, r.duration, r.status, r.error, r.answer
    from json_to_record($1::json)
      as r ("webhookId" uuid, version text, failures int, "deliveryId" uuid, attempts int, outcome text, failing boolean,
            down boolean, delay float8, rest float8, asked float8, at timestamptz, duration int, status int, error text,
            answer text)
), hook as materialized (
  select w.id
    from result r
    join webhooks w on w.id = r.webhook_id
   where r.outcome <> 'delivered'
      or w.failures > 0
      or w.failing_since is not null
      or w.rests_until is not null
      or w.last_success_at is null
      or w.slow <> (r.duration > $3)
      or w.last_success_at < now() - interval '1 second'
     for no key update of w
), settled as (
  update webhook_deliveries d
     set attempts = d.attempts + 1,
         status = case when r.outcome <> 'failed' then r.outcome
                       when d.gives_up_at > now() then 'pending'
                       else 'dead' end,
         due_at = case when r.outcome = 'failed' then now() + make_interval(secs => r.delay) else d.due_at end,
         finished_at = case when r.outcome = 'failed' and d.gives_up_at > now() then null else now() end
    from result r
   where d.id = r.delivery_id
     and d.status = 'pending'
     and d.attempts = r.attempts
     -- Always so, but asked: the webhook is locked before the delivery.
     and (select count(*) from hook) >= 0
  returning d.id, d.event_id, d.status
), attempted as (
  insert into webhook_attempts (delivery_id, at, duration, status, error, answer)
  select s.id, r.at, r.duration, r.status, r.error, r.answer
    from settled s, result r
), kept as (
  update webhooks w
     set failures = case when r.outcome = 'delivered' then 0
                         when r.down and w.failures = r.failures then w.failures + 1
                         else w.failures end,
         failing_since = case when r.outcome = 'delivered' then null
                              when r.failing then coalesce(w.failing_since, r.at)
                              else w.failing_since end,
         rests_until = case when r.outcome = 'delivered' then null
                            when r.down and w.failures = r.failures
                                 and (w.failures + 1 >= $2 or w.last_success_at is null)
                            then now() + make_interval(secs => greatest(r.rest, r.asked))
                            when r.asked > 0
                            then greatest(w.rests_until, now() + make_interval(secs => r.asked))
                            else w.rests_until end,
         last_success_at = case when r.outcome = 'delivered' then now() else w.last_success_at end,
         slow = case when r.outcome = 'delivered' then r.duration > $3 else w.slow end
    from hook, settled s, result r
   where w.id = hook.id
  returning w.failures, w.rests_until > now() as rests, w.failing_since <= now() - interval '1 day' as failing_a_day
), erased as (
  update events e
     set sealed = null
    from settled s
   where e.id = s.event_id
     and s.status <> 'pending'
     and e.sealed is not null
     and ${nobodyWaits('d.id <> s.id')}
  returning e.id
)
select s.status, coalesce(k.failures, w.failures, 0) as failures,
       coalesce(w.status <> 'active' or extract(epoch from w.updated_at)::text <> r.version, true)
         or coalesce(k.rests, false) as ended,
       coalesce(k.failing_a_day, false) as failing_a_day,
       exists (select 1 from erased) as erased
  from result r
  left join settled s on true
  left join kept k on true
  left join webhooks w on w.id = r.webhook_id`;

/**
 * Pauses the webhook that was taken up as `version`, and tells of it. In a statement of its own: one that may set `status`
 * has every instance read the webhooks anew, also when it sets none.
 *
 * @returns false when it is not to be paused, any more
 */
export async function pause(
  db: Db,
  { id, version }: { id: string; version: string },
  { reason, origin }: { reason: 'failing' | 'gone'; origin: string },
): Promise<boolean> {
  const { rowCount } = await db.query(
    `with paused as (
       update webhooks
          set status = 'paused', paused_reason = $2, updated_at = now()
        where id = $1
          and status = 'active'
          and extract(epoch from updated_at)::text = $4
          and ($2 = 'gone' or failing_since <= now() - interval '1 day')
       returning id
     ), waiting as materialized (
       select d.id
         from paused
         join webhook_deliveries d on d.webhook_id = paused.id
        where $2 = 'gone'
          and d.status = 'pending'
        order by d.created_at, d.position
          for update of d
     ), dead as (
       update webhook_deliveries d
          set status = 'dead', finished_at = now()
         from waiting
        where d.id = waiting.id
     ), told as (
       insert into events (type, data)
       select 'webhook.paused', jsonb_build_object('webhook_id', id, 'reason', $2::text, 'origin', $3::text)
         from paused
     )
     select id from paused`,
    [id, reason, origin, version],
  );
  return rowCount > 0;
}
