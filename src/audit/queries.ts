import type { Db } from '#src/db/index.ts';
import type { AuditEntry, AuditFilter, Outcome } from './entry.ts';
import type { News } from './news.ts';

export interface AuditRow {
  id: string;
  at: Date;
  actor: string;
  action: string;
  target: string | null;
  outcome: Outcome;
  reason: string | null;
  ip: string | null;
  user_agent: string | null;
  data: Record<string, unknown>;
}

const values = (entry: AuditEntry) => [
  entry.actor,
  entry.action,
  entry.target,
  entry.outcome,
  entry.reason,
  entry.from?.ip,
  entry.from?.userAgent,
  JSON.stringify(entry.data ?? {}),
];

export async function insertRecord(db: Db, entry: AuditEntry): Promise<void> {
  await db.query(
    `insert into audit_log (actor, action, target, outcome, reason, ip, user_agent, data)
     values ($1, $2, $3, $4, $5, $6, $7, $8)`,
    values(entry),
  );
}

/** The record and its event: one is not there without the other. */
export async function insertNews(db: Db, entry: AuditEntry, news: News): Promise<void> {
  await db.query(
    `with event as (
       insert into events (type, client_id, account_id, data)
       values ($9, $10, $11, $12)
     )
     insert into audit_log (actor, action, target, outcome, reason, ip, user_agent, data)
     values ($1, $2, $3, $4, $5, $6, $7, $8)`,
    [...values(entry), news.type, news.clientId, news.accountId, JSON.stringify(news.data)],
  );
}

/** Newest first. A filter that is not given leaves everything in. */
export async function listRecords(db: Db, filter: AuditFilter, after: string, limit: number): Promise<AuditRow[]> {
  const { rows } = await db.query<AuditRow>(
    `select id, at, actor, action, target, outcome, reason, ip, user_agent, data
       from audit_log
      where ($1::bigint is null or id < $1)
        and ($2::text is null or actor = $2)
        and ($3::text is null or action = $3)
        and ($4::text is null or target = $4)
        and ($5::text is null or outcome = $5)
        and ($6::timestamptz is null or at >= $6)
      order by id desc
      limit $7`,
    [after === '' ? null : after, filter.actor, filter.action, filter.target, filter.outcome, filter.since, limit],
  );
  return rows;
}
