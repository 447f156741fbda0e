import type { Accounts } from '#src/accounts/index.ts';
import type { Audit, From } from '#src/audit/index.ts';
import { type Database, retrying } from '#src/db/index.ts';
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
  readonly enabled: boolean;
}

type TakingBack = Pick<Pats, 'revoke' | 'revokeAll' | 'revokeValue' | 'revokeShown' | 'report'>;

/** Who shows a value has not said who they are. */
const WHOEVER = 'anybody';

export function createTakingBack(deps: TakingBackDeps): TakingBack {
  const { db, accounts, audit, mail, presented, issuer, enabled } = deps;

  async function end(ids: readonly Buffer[], accountId: string | undefined, by: string): Promise<EndedRow[]> {
    return ids.length === 0 ? [] : retrying(() => endPats(db, ids, accountId, by));
  }

  async function present(id: Buffer): Promise<Pat | undefined> {
    const row = await queries.findPat(db, undefined, [id], enabled);
    return row && toPat(row);
  }

  /** @returns what its owner calls it */
  async function recordEnd(action: string, { id, account_id }: EndedRow, from: From): Promise<string> {
    const { name = '' } = (await present(id)) ?? {};
    const data = { token_id: id.toString('hex'), name };
    await audit.record({ actor: WHOEVER, action, target: `user:${account_id}`, outcome: 'success', from, data });
    return name;
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
      retrying(() =>
        db.transaction(async (tx) => {
          await lockOwner(tx, accountId);
          return endPatsOf(tx, accountId, by);
        }),
      ),

    async revokeValue(value, by) {
      const [ended] = await end(await presented.idsOf(value), undefined, by);
      return ended && present(ended.id);
    },

    async revokeShown(id, from) {
      const key = rowId(id);
      const ended = key ? await end([key], undefined, WHOEVER) : [];
      for (const one of ended) await recordEnd('pat.revoke', one, from);
    },

    async report(values, from) {
      const ids = (await Promise.all([...new Set(values)].map(presented.idsOf))).flat();
      const ended = await end(ids, undefined, WHOEVER);
      const namesOf = new Map<string, string[]>();
      for (const one of ended) {
        const name = await recordEnd('pat.report', one, from);
        namesOf.set(one.account_id, [...(namesOf.get(one.account_id) ?? []), name]);
      }
      for (const [accountId, names] of namesOf) await tellOwner(accountId, names);
      return ended.length;
    },
  };
}
