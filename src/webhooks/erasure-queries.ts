/** All SQL of erasing the bodies of notifications, which hold living tokens. */
import type { Db } from '#src/db/index.ts';

/** Bodies of one statement. */
export const ERASED_AT_ONCE = 500;

/**
 * Nobody waits for the body of the event `e`: no delivery of it to a notification is pending, and none that hears it has
 * yet to come to it.
 *
 * @param counted which of the deliveries `d` count
 */
export const nobodyWaits = (counted = 'true') => `
  not exists (
        select 1
          from webhook_deliveries d
          join webhooks w on w.id = d.webhook_id
         where d.event_id = e.id
           and ${counted}
           and d.status = 'pending'
           and w.format = 'notification')
  and not exists (
        select 1
          from webhooks w
         where w.format = 'notification'
           and w.position < e.position
           and hears(w, e.type, e.client_id))`;

/**
 * Erases the body of one event, unless a notification waits for it. As a statement of its own it sees what settled before
 * it began: of two webhooks that settle the same event at the same moment each sees the other still waiting, but what each
 * of them asks for afterwards sees both.
 */
export async function eraseSettled(db: Db, deliveryId: string): Promise<void> {
  await db.query(
    `update events e
        set sealed = null
       from webhook_deliveries settled
      where settled.id = $1
        and e.id = settled.event_id
        and e.sealed is not null
        and ${nobodyWaits()}`,
    [deliveryId],
  );
}

/**
 * Erases bodies that no notification waits for, and whose last one was not there to erase them: it was killed, paused,
 * deleted. By the smallest position, not by who hears what: an event is read once more while a webhook is behind, and none
 * is asked about each.
 *
 * @returns how many
 */
export async function eraseUnwaited(db: Db): Promise<number> {
  const { rowCount } = await db.query(
    `with listening as materialized (
       select w.position, w
         from webhooks w
        where w.format = 'notification'
          and w.paused_reason is distinct from 'gone'
     ), unwaited as materialized (
       select e.id
         from events e
        where e.sealed is not null
          and (e.position <= coalesce((select min(w.position) from listening w), e.position)
               -- Without an active webhook nobody gives positions.
               or e.position is null and not exists (select 1 from listening w where hears(w.w, e.type, e.client_id)))
          and e.id not in (
                select d.event_id
                  from webhook_deliveries d
                  join webhooks w on w.id = d.webhook_id
                 where d.status = 'pending'
                   and w.format = 'notification')
        order by e.created_at
        limit $1
          for update skip locked
     )
     update events e
        set sealed = null
       from unwaited
      where e.id = unwaited.id`,
    [ERASED_AT_ONCE],
  );
  return rowCount;
}

/**
 * Erases what is older, whoever waits for it: those deliveries are dead. They are locked before the events, in the order of
 * every other statement.
 *
 * @returns how many
 */
export async function eraseOlder(db: Db, seconds: number): Promise<number> {
  const { rowCount } = await db.query(
    `with old as materialized (
       select id
         from events
        where sealed is not null
          and created_at < now() - make_interval(secs => $1)
        order by created_at
        limit $2
     ), dead as (
       update webhook_deliveries d
          set status = 'dead', finished_at = now()
         from old, webhooks w
        where d.event_id = old.id
          and d.status = 'pending'
          and w.id = d.webhook_id
          and w.format = 'notification'
       returning d.id
     )
     update events e
        set sealed = null
       from old
      where e.id = old.id
        -- Always so, but asked: the deliveries are locked and dead before an event is.
        and (select count(*) from dead) >= 0`,
    [seconds, ERASED_AT_ONCE],
  );
  return rowCount;
}
