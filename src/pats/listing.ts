import type { Database } from '#src/db/index.ts';
import type { Pats } from './pat.ts';
import * as queries from './queries.ts';
import { rowId, toPat } from './stored.ts';

export function createListing({ db, enabled }: { db: Database; enabled: boolean }): Pick<Pats, 'list' | 'find'> {
  return {
    async list({ accountId, audience, scope, status }, { after, limit }) {
      const wanted = { accountId, audience, scope, status, behind: positionOf(after), limit: limit + 1 };
      const rows = await queries.listPats(db, wanted, enabled);
      const page = rows.slice(0, limit);
      const last = page.at(-1);
      const next = rows.length > limit && last ? `${last.created_us}.${last.token_id.toString('hex')}` : undefined;
      return { items: page.map(toPat), next };
    },

    async find(accountId, id) {
      const key = rowId(id);
      const row = key && (await queries.findPat(db, accountId, [key], enabled));
      return row && toPat(row);
    },
  };
}

/** When and which (`TOKEN_POSITION` of the token store): two may be of one instant. */
function positionOf(position: string): { createdUs: string; id: Buffer } | undefined {
  const [createdUs = '', id = ''] = position.split('.');
  const key = rowId(id);
  return key && { createdUs, id: key };
}
