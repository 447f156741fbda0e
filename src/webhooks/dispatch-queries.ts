/** All SQL of finding out which webhooks there is work for. */
import type { Database, Db } from '#src/db/index.ts';

export interface ListenerRow {
  id: string;
  event_types: string[];
  client_ids: string[] | null;
}

export async function listActive(db: Db): Promise<ListenerRow[]> {
  const { rows } = await db.query<ListenerRow>(
    `select id, event_types, client_ids
       from webhooks
      where status = 'active'`,
  );
  return rows;
}

/** Any number, the same in every instance. */
const PLACING = 7_216_904_022;

export interface PlacedRow {
  type: string;
  client_id: string | null;
  count: number;
}

/**
 * Gives events that have none their position, behind all that have one. A webhook's place in what happened is one number,
 * which only grows; so it must hold that who sees a position sees every smaller one that there will ever be:
 *
 * - `id` does not do: it is taken at the insert and seen at the commit, so a smaller one may appear later.
 * - Positions are taken by whoever holds the lock. It is let go of after the commit, so of two batches the second takes its
 *   first position when the first batch can be seen by everybody.
 * - The statement sees the events as they were before it had the lock. One that another instance placed meanwhile is among
 *   them as it was; `for update` looks at it again, as it is now, and leaves it out.
 * - Of two events one of which was committed before the other began, the first has the smaller id, and is in the same batch
 *   before it or in an earlier one: what concerns one subject keeps its order.
 *
 * An instance that does not get the lock leaves the work to the one that has it.
 *
 * @returns what was placed, by what decides who hears it
 */
export async function place(db: Db, most: number): Promise<PlacedRow[]> {
  const { rows } = await db.query<PlacedRow>(
    `with lock as materialized (
       select pg_try_advisory_xact_lock($1) as held
     ), batch as materialized (
       select id
         from events
        where (select held from lock)
          and position is null
        order by id
        limit $2
          for update
     ), placed as (
       update events
          set position = numbered.position
         from (select id, nextval('event_positions') as position from (select id from batch order by id) b) numbered
        where events.id = numbered.id
       returning type, client_id
     )
     select type, client_id, count(*)::int as count
       from placed
      group by type, client_id`,
    [PLACING, most],
  );
  return rows;
}

/**
 * The webhooks to work on now: active, not resting, and either just `heard` of something or with a delivery that is due and
 * not held up by an earlier one of its subject. Of those that are shaky (`may_hang`) only so many, those
 * first that were left alone longest: however many hang, they hang a few at a time.
 *
 * With `limit` instead of `exists`, which the planner would answer for all webhooks at once by reading every delivery that
 * waits, those of a thousand resting webhooks among them.
 */
export async function listDue(db: Db, heard: readonly string[], mostShaky: number): Promise<string[]> {
  const { rows } = await db.query<{ id: string }>(
    `with due as materialized (
       select w.id, may_hang(w) as shaky, w.rests_until, w.failures, w.created_at
         from webhooks w
        where w.status = 'active'
          and (w.rests_until is null or w.rests_until <= now())
          and (w.id = any ($1::uuid[])
               or (select true
                     from webhook_deliveries d
                    where d.webhook_id = w.id
                      and d.status = 'pending'
                      and d.due_at <= now()
                      and not exists (
                            select 1
                              from webhook_deliveries earlier
                             where earlier.webhook_id = d.webhook_id
                               and earlier.subject = d.subject
                               and earlier.position < d.position
                               and earlier.status = 'pending')
                    limit 1))
     )
     select id from due where not shaky
      union all
     (select id from due where shaky order by rests_until nulls first, failures, created_at limit $2)`,
    [heard, mostShaky],
  );
  return rows.map(({ id }) => id);
}

/**
 * Finds the active webhooks that were not told of something they hear: whoever noticed it was killed before it asked for
 * their turn. Those that rest are not looked at. Moves all of them up to the first such event, or to the last event there is, so that what nobody hears is
 * read once. A sample has its position from its sender and not from `place`: it says nothing about smaller ones.
 *
 * @returns their ids
 */
export async function sweep(db: Database): Promise<string[]> {
  return db.transaction(async (tx) => {
    // Without statistics the planner would rather sort all events behind a position than follow the index to the first: for
    // a thousand webhooks that is seconds, in which the embedded engine answers nobody.
    await tx.query('set local enable_sort = off');
    const { rows } = await tx.query<{ id: string }>(SWEEP);
    return rows.map(({ id }) => id);
  });
}

const SWEEP = `
with seen as materialized (
  select w.id, first.position as heard,
         coalesce(first.position - 1,
                  (select max(position) from events where type <> 'webhook.test')) as position
    from webhooks w
    left join lateral (
      select e.position
        from events e
       where e.position > w.position
         and e.created_at >= w.created_at
         and hears(w, e.type, e.client_id)
       order by e.position
       limit 1) first on true
   where w.status = 'active'
     and (w.rests_until is null or w.rests_until <= now())
), moved as (
  update webhooks w
     set position = seen.position
    from seen
   where w.id = seen.id
     and w.position < seen.position
)
select id from seen where heard is not null`;
