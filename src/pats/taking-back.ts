import type { Accounts } from '#src/accounts/index.ts';
import type { Audit, From } from '#src/audit/index.ts';
import { type Database, isRetryable } from '#src/db/index.ts';
import type { Mail } from '#src/mail/index.ts';
import { type EndedRow, endPats, endPatsOf } from './ending-queries.ts';
import { lockOwner } from './issue-queries.ts';
import type { Pat, Pats } from './pat.ts';
import type { Presented } from './presented.ts';
import * as queries from './queries.ts';
import { reportMail } from './report-mail.ts';
import { rowId, toPat } from './stored.ts';

interface TakingBackDeps {
  readonly db: Database;
  readonly accounts: Pick<Accounts, 'find'>;
  readonly audit: Pick<Audit, 'record'>;
  readonly mail: Pick<Mail, 'enabled' | 'send'>;
  readonly presented: Pick<Presented, 'idsOf'>;
  readonly issuer: string;
}

/** Ending many may meet somebody who ends some of them in another order: Postgres ends one of both. */
const TRIES = 3;

export function createTakingBack(deps: TakingBackDeps): Pick<Pats, 'revoke' | 'revokeAll' | 'revokeValue' | 'report'> {
  const { db, accounts, audit, mail, presented, issuer } = deps;

  async function end(ids: readonly Buffer[], accountId: string | undefined, by: string): Promise<EndedRow[]> {
    if (ids.length === 0) return [];
    for (let attempt = 1; ; attempt += 1) {
      try {
        return await endPats(db, ids, accountId, by);
      } catch (error) {
        if (attempt === TRIES || !isRetryable(error)) throw error;
      }
    }
  }

  async function present(id: Buffer): Promise<Pat | undefined> {
    const row = await queries.findPat(db, [id]);
    return row && toPat(row);
  }

  async function tellOwner(accountId: string, names: readonly string[]): Promise<void> {
    if (!mail.enabled) return;
    const owner = await accounts.find(accountId);
    const to = owner?.email;
    if (owner && to) mail.send(reportMail({ to, username: owner.username, names, issuer }));
  }

  return {
    async revoke(accountId, id, by) {
      const key = rowId(id);
      return key !== undefined && (await end([key], accountId, by)).length > 0;
    },

    revokeAll: (accountId, by) =>
      db.transaction(async (tx) => {
        await lockOwner(tx, accountId);
        return endPatsOf(tx, accountId, by);
      }),

    async revokeValue(value, by) {
      const [ended] = await end(await presented.idsOf(value), undefined, by);
      return ended && present(ended.id);
    },

    async report(values, from: From) {
      const ids = (await Promise.all([...new Set(values)].map(presented.idsOf))).flat();
      const ended = await end(ids, undefined, 'anybody');
      const namesOf = new Map<string, string[]>();
      for (const { id, account_id } of ended) {
        const pat = await present(id);
        namesOf.set(account_id, [...(namesOf.get(account_id) ?? []), pat?.name ?? '']);
        await audit.record({
          actor: 'anybody',
          action: 'pat.report',
          target: `user:${account_id}`,
          outcome: 'success',
          from,
          data: { token_id: id.toString('hex'), name: pat?.name },
        });
      }
      for (const [accountId, names] of namesOf) await tellOwner(accountId, names);
      return ended.length;
    },
  };
}
