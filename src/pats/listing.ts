import { type Database, pageOf, positionOf } from '#src/db/index.ts';
import type { Pats } from './pat.ts';
import * as queries from './queries.ts';
import { rowId, toPat } from './stored.ts';

export function createListing({ db, enabled }: { db: Database; enabled: boolean }): Pick<Pats, 'list' | 'find'> {
  return {
    async list({ accountId, audience, scope, status }, { after, limit }) {
      const position = positionOf(after);
      const behind = position && { createdUs: position.createdUs, id: Buffer.from(position.id, 'hex') };
      const wanted = { accountId, audience, scope, status, behind, limit: limit + 1 };
      const rows = await queries.listPats(db, wanted, enabled);
      return pageOf(rows, limit, toPat, (row) => row.token_id.toString('hex'));
    },

    async find(accountId, id) {
      const key = rowId(id);
      const row = key && (await queries.findPat(db, accountId, [key], enabled));
      return row && toPat(row);
    },
  };
}
