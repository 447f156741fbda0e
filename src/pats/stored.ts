import type { Pat } from './pat.ts';
import type { PatRow } from './queries.ts';

export function toPat(row: PatRow): Pat {
  return {
    id: row.token_id.toString('hex'),
    accountId: row.account_id,
    name: row.name,
    scopes: row.scope.split(' '),
    audience: row.audience,
    format: row.format,
    createdAt: row.issued_at,
    expiresAt: row.expires_at,
    lastUsedAt: row.last_used_at ?? undefined,
    // Written by another hand: an address is of no use without its time.
    lastUsedIp: row.last_used_at ? (row.last_used_ip ?? undefined) : undefined,
    ip: row.ip ?? undefined,
    userAgent: row.user_agent ?? undefined,
    status: row.status,
    family: row.family.toString('hex'),
    replacedAt: row.replaced_at ?? undefined,
  };
}

const ID = /^[0-9a-f]{64}$/;

/** What is no id names nothing. */
export const rowId = (id: string): Buffer | undefined => (ID.test(id) ? Buffer.from(id, 'hex') : undefined);
