/**
 * The audit log: who did what to whom, from where, and how it ended. Rows are added and never changed; the database
 * refuses anything else. Owns the table audit_log; does not decide what is worth recording: who does a thing records it.
 * What of it is news to those who listen to events is said in `news.ts`, and written with the record.
 *
 * Never holds a secret, nor what somebody typed that was wrong: people type passwords where the user name belongs.
 */
import type { Database } from '#src/db/index.ts';
import type { AuditEntry, AuditFilter, AuditRecord } from './entry.ts';
import { newsIn } from './news.ts';
import * as queries from './queries.ts';

export type { AuditEntry, AuditFilter, AuditRecord, From, Outcome } from './entry.ts';

export interface Audit {
  /** @throws {Unavailable} what cannot be recorded must not look done */
  record(entry: AuditEntry): Promise<void>;
  /** Newest first, those behind the position `after` ('' is the start). */
  list(
    filter: AuditFilter,
    page: { after: string; limit: number },
  ): Promise<{ items: AuditRecord[]; next: string | undefined }>;
}

export function createAudit({ db }: { db: Database }): Audit {
  return {
    record(entry) {
      const news = newsIn(entry);
      return news ? queries.insertNews(db, entry, news) : queries.insertRecord(db, entry);
    },
    async list(filter, { after, limit }) {
      const rows = await queries.listRecords(db, filter, after, limit + 1);
      const items = rows.slice(0, limit).map(toRecord);
      return { items, next: rows.length > limit ? items.at(-1)?.id : undefined };
    },
  };
}

function toRecord(row: queries.AuditRow): AuditRecord {
  return {
    id: row.id,
    at: row.at,
    actor: row.actor,
    action: row.action,
    target: row.target ?? undefined,
    outcome: row.outcome,
    reason: row.reason ?? undefined,
    from: { ip: row.ip ?? undefined, userAgent: row.user_agent ?? undefined },
    data: row.data,
  };
}
