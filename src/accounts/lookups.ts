import { batched, type Database } from '#src/db/index.ts';
import { isAccountId, toAccount } from './account.ts';
import type { Accounts } from './index.ts';
import * as queries from './queries.ts';
import { parseUsername } from './username.ts';

export function createLookups({ db }: { db: Database }): Pick<Accounts, 'find' | 'findByUsername' | 'list'> {
  const lookup = batched(
    async (ids: string[]) => new Map((await queries.findAccounts(db, ids)).map((row) => [row.id, toAccount(row)])),
    { slots: db.batches },
  );

  return {
    find: async (id) => (isAccountId(id) ? lookup(id) : undefined),

    async findByUsername(username) {
      const name = parseUsername(username);
      const row = name && (await queries.findCredentials(db, name.key));
      return row && toAccount(row);
    },

    async list({ after, limit }) {
      const rows = await queries.listAccounts(db, after, limit + 1);
      const page = rows.slice(0, limit);
      return { items: page.map(toAccount), next: rows.length > limit ? page.at(-1)?.ordinal : undefined };
    },
  };
}
