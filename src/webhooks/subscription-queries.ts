/** All SQL of who is told of what. What becomes of telling them is beside. */
import type { Db, Position } from '#src/db/index.ts';
import type { Format, PausedReason, Webhook } from './webhook.ts';

export interface WebhookRow {
  id: string;
  /** Microseconds since the epoch. */
  created_us: string;
  url: string;
  format: Format;
  event_types: string[];
  client_ids: string[] | null;
  has_shared_secret: boolean;
  status: Webhook['status'];
  paused_reason: PausedReason | null;
  failing_since: Date | null;
  rests_until: Date | null;
  last_success_at: Date | null;
  created_by: string;
  created_at: Date;
  updated_at: Date;
}

const WEBHOOK = `
  id, (extract(epoch from created_at) * 1000000)::bigint::text as created_us, url, format, event_types, client_ids,
  shared_secret is not null as has_shared_secret, status, paused_reason, failing_since, rests_until, last_success_at,
  created_by, created_at, updated_at`;

export interface NewWebhookRow {
  readonly id: string;
  readonly url: string;
  readonly format: Format;
  readonly eventTypes: readonly string[];
  readonly clientIds: readonly string[] | undefined;
  readonly sharedSecret: Buffer | undefined;
  readonly createdBy: string;
  readonly secretId: string;
  readonly signingSecret: Buffer;
}

/** With its first signing secret. What has its position already happened before: the webhook is not told of it. */
export async function insertWebhook(db: Db, made: NewWebhookRow): Promise<WebhookRow> {
  const { rows } = await db.query<WebhookRow>(
    `with made as (
       insert into webhooks (id, url, format, event_types, client_ids, shared_secret, created_by, position)
       select $1, $2, $3, $4, $5, $6, $7, case when is_called then last_value else 0 end
         from event_positions
       returning ${WEBHOOK}
     ), signing as (
       insert into webhook_secrets (id, webhook_id, sealed)
       select $8, id, $9
         from made
     )
     select * from made`,
    [
      made.id,
      made.url,
      made.format,
      made.eventTypes,
      made.clientIds,
      made.sharedSecret,
      made.createdBy,
      made.secretId,
      made.signingSecret,
    ],
  );
  return rows[0] as WebhookRow;
}

export async function findWebhook(db: Db, id: string): Promise<WebhookRow | undefined> {
  const { rows } = await db.query<WebhookRow>(`select ${WEBHOOK} from webhooks where id = $1`, [id]);
  return rows[0];
}

/** Whoever changes a webhook by what they have read of it holds its row. */
export async function lockWebhook(db: Db, id: string): Promise<WebhookRow | undefined> {
  const { rows } = await db.query<WebhookRow>(`select ${WEBHOOK} from webhooks where id = $1 for no key update`, [id]);
  return rows[0];
}

/**
 * Holds it for who changes its secrets. Deliveries under way are of the webhook as it was (`settle`): the next one is
 * signed by what there is then.
 */
export async function touchWebhook(db: Db, id: string): Promise<boolean> {
  const { rowCount } = await db.query('update webhooks set updated_at = now() where id = $1', [id]);
  return rowCount > 0;
}

/** In order of creation. */
export async function listWebhooks(db: Db, behind: Position | undefined, limit: number): Promise<WebhookRow[]> {
  const { rows } = await db.query<WebhookRow>(
    `select ${WEBHOOK}
       from webhooks
      where $1::bigint is null
         or (created_at, id) > (timestamptz 'epoch' + $1::bigint * interval '1 microsecond', $2::uuid)
      order by created_at, id
      limit $3`,
    [behind?.createdUs, behind?.id, limit],
  );
  return rows;
}

export interface ChangedWebhookRow {
  readonly id: string;
  readonly url: string;
  readonly eventTypes: readonly string[];
  readonly clientIds: readonly string[] | undefined;
  readonly status: Webhook['status'];
  /** undefined: as it is. */
  readonly sharedSecret: Buffer | null | undefined;
  /** Nothing is held against the target any more. */
  readonly forgiven: boolean;
}

export async function updateWebhook(db: Db, changed: ChangedWebhookRow): Promise<WebhookRow> {
  const { rows } = await db.query<WebhookRow>(
    `update webhooks
        set url = $2, event_types = $3, client_ids = $4, status = $5,
            -- What happened while it was gone was not kept for it, and what is there of it is for others.
            position = case when $5 = 'active' and paused_reason = 'gone'
                            then coalesce((select max(position) from events where type <> 'webhook.test'), position)
                            else position end,
            paused_reason = case when $5 = 'active' then null else coalesce(paused_reason, 'requested') end,
            shared_secret = case when $6 then $7 else shared_secret end,
            failures = case when $8 then 0 else failures end,
            failing_since = case when $8 then null else failing_since end,
            rests_until = case when $8 then null else rests_until end,
            updated_at = now()
      where id = $1
      returning ${WEBHOOK}`,
    [
      changed.id,
      changed.url,
      changed.eventTypes,
      changed.clientIds,
      changed.status,
      changed.sharedSecret !== undefined,
      changed.sharedSecret,
      changed.forgiven,
    ],
  );
  return rows[0] as WebhookRow;
}

/** With its secrets, its deliveries and their log. @returns what it was */
export async function deleteWebhook(db: Db, id: string): Promise<Format | undefined> {
  const { rows } = await db.query<{ format: Format }>('delete from webhooks where id = $1 returning format', [id]);
  return rows[0]?.format;
}

/** The target is tried again at once, because somebody wants it to be. */
export async function wake(db: Db, id: string): Promise<void> {
  await db.query('update webhooks set rests_until = null where id = $1 and rests_until is not null', [id]);
}
