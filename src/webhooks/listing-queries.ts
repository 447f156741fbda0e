/** All SQL of deliveries as people see them. */
import type { Db, Position } from '#src/db/index.ts';
import type { Format } from './webhook.ts';

export type DeliveryStatus = 'pending' | 'delivered' | 'dead';

export interface AttemptRow {
  at: Date;
  duration: number;
  status: number | null;
  error: string | null;
  answer: string | null;
}

export interface DeliveryRow {
  id: string;
  /** Microseconds since the epoch. */
  created_us: string;
  uid: string;
  type: string;
  happened_at: Date;
  client_id: string | null;
  account_id: string | null;
  data: Record<string, unknown>;
  format: Format;
  status: DeliveryStatus;
  attempts: number;
  next_attempt_at: Date | null;
  gives_up_at: Date;
  finished_at: Date | null;
  last_at: Date | null;
  last_duration: number | null;
  last_status: number | null;
  last_error: string | null;
  last_answer: string | null;
}

const DELIVERY = `
  d.id, (extract(epoch from d.created_at) * 1000000)::bigint::text as created_us, e.uid, e.type,
  e.created_at as happened_at, e.client_id, e.account_id, e.data, w.format, d.status, d.attempts,
  case when d.status = 'pending' and w.status = 'active' then greatest(d.due_at, w.rests_until) end as next_attempt_at,
  d.gives_up_at, d.finished_at, a.at as last_at, a.duration as last_duration, a.status as last_status,
  a.error as last_error, a.answer as last_answer`;

const DELIVERIES = `
  webhook_deliveries d
  join webhooks w on w.id = d.webhook_id
  join events e on e.id = d.event_id
  left join lateral (
    select at, duration, status, error, answer
      from webhook_attempts
     where delivery_id = d.id
     order by id desc
     limit 1) a on true`;

export interface WantedDeliveries {
  readonly webhookId: string;
  readonly status: DeliveryStatus | undefined;
  /** The last one of the page before. */
  readonly behind: Position | undefined;
  readonly limit: number;
}

/** Newest first. */
export async function listDeliveries(db: Db, wanted: WantedDeliveries): Promise<DeliveryRow[]> {
  const { rows } = await db.query<DeliveryRow>(
    `select ${DELIVERY}
       from ${DELIVERIES}
      where d.webhook_id = $1
        and ($2::text is null or d.status = $2)
        and ($3::bigint is null
             or (d.created_at, d.id) < (timestamptz 'epoch' + $3::bigint * interval '1 microsecond', $4::uuid))
      order by d.created_at desc, d.id desc
      limit $5`,
    [wanted.webhookId, wanted.status, wanted.behind?.createdUs, wanted.behind?.id, wanted.limit],
  );
  return rows;
}

export async function findDelivery(db: Db, webhookId: string, id: string): Promise<DeliveryRow | undefined> {
  const { rows } = await db.query<DeliveryRow>(
    `select ${DELIVERY}
       from ${DELIVERIES}
      where d.webhook_id = $1 and d.id = $2`,
    [webhookId, id],
  );
  return rows[0];
}

/** The last so many, newest first. */
export async function listAttempts(db: Db, deliveryId: string, limit: number): Promise<AttemptRow[]> {
  const { rows } = await db.query<AttemptRow>(
    `select at, duration, status, error, answer
       from webhook_attempts
      where delivery_id = $1
      order by id desc
      limit $2`,
    [deliveryId, limit],
  );
  return rows;
}
