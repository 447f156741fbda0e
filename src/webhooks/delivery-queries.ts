/** All SQL of a webhook's turn up to sending: what it is told next. What came of it is beside. */
import type { Db } from '#src/db/index.ts';
import type { Format } from './webhook.ts';

export interface TargetRow {
  id: string;
  url: string;
  format: Format;
  failures: number;
  /** Its target may keep whoever sends to it waiting. */
  shaky: boolean;
  /** It fails, or never succeeded. */
  failing: boolean;
  shared_secret: Buffer | null;
  /** What was changed by a person since has another. */
  version: string;
  /** What signs now, newest first. */
  signing: { id: string; sealed: string }[];
}

export interface Bounds {
  /** Deliveries waiting that nothing holds up. */
  readonly mostFree: number;
  /** The same of a target that is sent one at a time. */
  readonly mostFreeFailing: number;
  /** With those that wait for the next try of an earlier one of their subject: these hold up nobody else. */
  readonly mostWaiting: number;
  /** Seconds until a delivery is given up. */
  readonly lifetime: number;
}

/** Of an event `e`, what its deliveries keep their order by: the user, else the client. */
export const SUBJECT = `coalesce(e.account_id::text, e.client_id, '')`;

/**
 * Makes deliveries of the next events that the webhook hears, and moves it behind them. Nothing is passed over:
 *
 * - Of two turns at once, one waits for the other's `for no key update`, and goes on from the position the first one left.
 *   The events it sees may be from before that: then it finds nothing, and moves nothing.
 * - When there was room for more than there is to hear, it moves to the last position this same statement sees, and so sees
 *   all before it (`place` says why). A sample has its position from its sender, which proves nothing about smaller ones.
 *
 * Every statement that locks a webhook and deliveries and events locks them in this order. `no key`: it does not wait for
 * those who only refer to the webhook.
 *
 * @returns undefined when it is paused, rests or is gone
 */
export async function takeUp(
  db: Db,
  webhookId: string,
  { mostFree, mostFreeFailing, mostWaiting, lifetime }: Bounds,
): Promise<TargetRow | undefined> {
  const { rows } = await db.query<TargetRow>(
    `with hook as materialized (
       select w.id, w.position, w
         from webhooks w
        where w.id = $1
          and w.status = 'active'
          and (w.rests_until is null or w.rests_until <= now())
          for no key update
     ), pending as materialized (
       select d.subject, count(*) as count, bool_or(d.due_at > now()) as held
         from webhook_deliveries d
        where d.webhook_id = $1
          and d.status = 'pending'
        group by d.subject
     ), room as materialized (
       select greatest(0, least(free.most - coalesce(sum(count) filter (where not held), 0),
                                $3 - coalesce(sum(count), 0)))::bigint as room
         from (select case when (w).failures > 0 or (w).last_success_at is null then $5 else $2 end::bigint as most
                 from hook) free
         left join pending on true
        group by free.most
     ), heard as materialized (
       select next.id, next.position, next.subject
         from hook
        cross join lateral (
              select e.id, e.position, ${SUBJECT} as subject
                from events e
               where e.position > hook.position
                 and e.created_at >= (hook.w).created_at
                 and hears(hook.w, e.type, e.client_id)
               order by e.position
               limit (select room from room)
                 for key share) next
     ), taken as (
       insert into webhook_deliveries (webhook_id, event_id, position, subject, gives_up_at)
       select $1, id, position, subject, now() + make_interval(secs => $4)
         from heard
           on conflict (event_id, webhook_id) do nothing
     ), moved as (
       update webhooks w
          set position = reached.position
         from hook, (
           select case when (select count(*) from heard) < (select room from room)
                       then (select max(position) from events where type <> 'webhook.test')
                       else (select max(position) from heard) end as position) reached
        where w.id = hook.id
          and w.position < reached.position
     )
     select hook.id, (hook.w).url, (hook.w).format, (hook.w).failures, (hook.w).shared_secret,
            may_hang(hook.w) as shaky, (hook.w).failures > 0 or (hook.w).last_success_at is null as failing,
            extract(epoch from (hook.w).updated_at)::text as version,
            (select coalesce(json_agg(json_build_object('id', s.id, 'sealed', encode(s.sealed, 'hex'))
                                      order by s.created_at desc), '[]')
               from webhook_secrets s
              where s.webhook_id = hook.id
                and (s.expires_at is null or s.expires_at > now())) as signing
       from hook`,
    [webhookId, mostFree, mostWaiting, lifetime, mostFreeFailing],
  );
  return rows[0];
}

export interface DueRow {
  id: string;
  /** How often it was tried: what is settled must find it so. */
  attempts: number;
  subject: string;
  uid: string;
  type: string;
  client_id: string | null;
  account_id: string | null;
  data: Record<string, unknown>;
  created_at: Date;
  sealed: Buffer | null;
}

/** In their order, those that are due and before which nothing of their subject waits that is not. */
export async function listDueDeliveries(db: Db, webhookId: string, most: number): Promise<DueRow[]> {
  const { rows } = await db.query<DueRow>(
    `with pending as (
       select d.id, d.event_id, d.position, d.attempts, d.subject,
              bool_and(d.due_at <= now()) over (partition by d.subject order by d.position) as due
         from webhook_deliveries d
        where d.webhook_id = $1
          and d.status = 'pending'
     )
     select p.id, p.attempts, p.subject, e.uid, e.type, e.client_id, e.account_id, e.data, e.created_at,
            case when w.format = 'notification' then e.sealed end as sealed
       from pending p
       join events e on e.id = p.event_id
       join webhooks w on w.id = $1
      where p.due
      order by p.position
      limit $2`,
    [webhookId, most],
  );
  return rows;
}
