/** All SQL of sending because somebody asks for it: again what was sent, and samples. */
import type { Db, Position } from '#src/db/index.ts';
import { SUBJECT } from './delivery-queries.ts';

/**
 * Due now. One that was over starts anew, unless what it would say has been erased or its webhook is paused; one that
 * waits keeps its end.
 */
export async function redeliver(db: Db, webhookId: string, id: string, seconds: number): Promise<boolean> {
  const { rowCount } = await db.query(
    `update webhook_deliveries d
        set status = 'pending', due_at = now(), finished_at = null,
            attempts = case when d.status = 'pending' then d.attempts else 0 end,
            gives_up_at = case when d.status = 'pending' then d.gives_up_at else now() + make_interval(secs => $3) end
       from webhooks w, events e
      where d.webhook_id = $1 and d.id = $2
        and w.id = d.webhook_id and w.status = 'active'
        and e.id = d.event_id and (w.format = 'event' or e.sealed is not null)`,
    [webhookId, id, seconds],
  );
  return rowCount > 0;
}

export interface Range {
  readonly from: Date;
  readonly to: Date;
}

/** How many events of a time a webhook hears, counted up to `most`. */
export async function countHeard(db: Db, webhookId: string, { from, to }: Range, most: number): Promise<number> {
  const { rows } = await db.query<{ count: number }>(
    `select count(*)::int as count
       from (select 1
               from webhooks w
               join events e on hears(w, e.type, e.client_id)
              where w.id = $1
                and (w.format = 'event' or e.sealed is not null)
                and e.created_at >= $2 and e.created_at < $3
              limit $4) heard`,
    [webhookId, from, to, most],
  );
  return rows[0]?.count ?? 0;
}

/**
 * One batch of what a webhook hears of a time, oldest first: what was delivered, what died, and what it was not told of,
 * because it listened to other things or was not there yet. What it has not come to yet it is going to be told anyway. The
 * webhook is locked before its deliveries, as by whoever else changes many of them.
 *
 * @param behind the last event of the batch before
 * @returns the last event of this one, and how many there were: none when there are no more
 */
export async function replay(
  db: Db,
  webhookId: string,
  { from, to }: Range,
  behind: Position | undefined,
  { seconds, most }: { seconds: number; most: number },
): Promise<{ count: number; last: Position | undefined }> {
  const { rows } = await db.query<{ count: number; last_us: string | null; last_id: string | null }>(
    `with hook as materialized (
       select w.id, w
         from webhooks w
        where w.id = $1 and w.status = 'active'
          for no key update
     ), heard as materialized (
       select hook.id as webhook_id, e.id, e.position, e.created_at,
              ${SUBJECT} as subject
         from hook
         join events e on hears(hook.w, e.type, e.client_id)
        where e.position <= (hook.w).position
          and ((hook.w).format = 'event' or e.sealed is not null)
          and e.created_at >= $2 and e.created_at < $3
          and ($4::bigint is null
               or (e.created_at, e.id) > (timestamptz 'epoch' + $4::bigint * interval '1 microsecond', $5::bigint))
        order by e.created_at, e.id
        limit $7
          for key share of e
     ), again as (
       insert into webhook_deliveries (webhook_id, event_id, position, subject, gives_up_at)
       select webhook_id, id, position, subject, now() + make_interval(secs => $6)
         from heard
           on conflict (event_id, webhook_id) do update
          set status = 'pending', due_at = now(), finished_at = null, attempts = 0, gives_up_at = excluded.gives_up_at
     )
     select count(*)::int as count,
            (extract(epoch from max(created_at)) * 1000000)::bigint::text as last_us,
            (array_agg(id order by created_at desc, id desc))[1]::text as last_id
       from heard`,
    [webhookId, from, to, behind?.createdUs, behind?.id, seconds, most],
  );
  const [{ count, last_us: createdUs, last_id: id } = { count: 0, last_us: null, last_id: null }] = rows;
  return { count, last: createdUs && id ? { createdUs, id } : undefined };
}

export interface Sample {
  readonly deliveryId: string;
  readonly uid: string;
  readonly data: Readonly<Record<string, unknown>>;
  readonly sealed: Buffer | undefined;
}

/** A subject of its own: what hangs before it is not what somebody wants to test. @returns false when it is paused */
export async function insertTest(
  db: Db,
  webhookId: string,
  { deliveryId, uid, data, sealed }: Sample,
  seconds: number,
): Promise<boolean> {
  const { rowCount } = await db.query(
    `with told as (
       insert into events (uid, type, data, sealed, position)
       select $2, 'webhook.test', $3, $4, nextval('event_positions')
         from webhooks
        where id = $1 and status = 'active'
       returning id, uid, position
     )
     insert into webhook_deliveries (id, webhook_id, event_id, position, subject, gives_up_at)
     select $5, $1, id, position, 'test ' || uid::text, now() + make_interval(secs => $6)
       from told`,
    [webhookId, uid, JSON.stringify(data), sealed, deliveryId, seconds],
  );
  return rowCount > 0;
}
