import { z } from 'zod';
import type { Audit, AuditRecord } from '#src/audit/index.ts';
import { timestamp } from '../members.ts';
import { pageOf, pageQuery, readPage } from '../pages.ts';
import { type AnyRoute, route } from '../route.ts';

const outcome = z.enum(['success', 'failure']);
const name = (description: string) => z.string().min(1).max(300).optional().meta({ description });

const query = pageQuery.extend({
  actor: name('client:<id>, user:<id>, anybody or mintmark'),
  action: name('login, user.disable …'),
  target: name('user:<id>, client:<id>, auth_policy:<id> …'),
  outcome: outcome.optional(),
  since: timestamp.optional(),
});

const record = z
  .object({
    id: z.string(),
    at: timestamp,
    actor: z.string().meta({ description: 'client:<id>, user:<id>, anybody or mintmark' }),
    action: z.string(),
    target: z.string().nullable().meta({ description: 'Whom or what it was done to' }),
    outcome,
    reason: z.string().nullable().meta({ description: 'Why it failed: also what the asker was not told' }),
    ip: z.string().nullable(),
    user_agent: z.string().nullable().meta({ description: 'What the program said of itself' }),
    data: z.record(z.string(), z.unknown()).meta({ description: 'What else is known of it' }),
  })
  .meta({ id: 'AuditRecord' });
const recordPage = pageOf('AuditRecordPage', record);

export function auditRoutes(audit: Pick<Audit, 'list'>): AnyRoute[] {
  return [
    route({
      method: 'GET',
      path: '/audit',
      scope: 'audit:read',
      summary: 'Read who did what to whom, newest first; all filters that are given must hold',
      query,
      status: 200,
      result: recordPage,
      handle({ query: { limit, cursor, since, ...filter } }) {
        const wanted = { ...filter, since: since === undefined ? undefined : new Date(since) };
        return readPage((page) => audit.list(wanted, page), { limit, cursor }, toWire, '');
      },
    }),
  ];
}

function toWire({ from, ...listed }: AuditRecord): z.output<typeof record> {
  return {
    id: listed.id,
    at: listed.at.toISOString(),
    actor: listed.actor,
    action: listed.action,
    target: listed.target ?? null,
    outcome: listed.outcome,
    reason: listed.reason ?? null,
    ip: from?.ip ?? null,
    user_agent: from?.userAgent ?? null,
    data: { ...listed.data },
  };
}
