/**
 * Taking tokens back one by one and grant by grant. Many at once is a rule's work (`rules.ts`). Whatever is ended here is
 * refused on every instance by its next request: all of them ask the same view.
 */
import { type Database, retrying } from '#src/db/index.ts';
import { NotFound } from '#src/oauth/problems.ts';
import type { Tokens } from './index.ts';
import type { TokenList } from './listing.ts';
import * as queries from './revocation-queries.ts';

export interface RevocationOptions {
  /** Everything of the same authorization too. A refresh token always takes it along (RFC 7009 §2.1). */
  readonly wholeGrant?: boolean | undefined;
  /** Who says so, for the record. */
  readonly by: string;
}

export interface Revocation {
  /** @returns how many tokens lived until now; 0 for what is no token of ours */
  revokeValue(value: string, options: RevocationOptions): Promise<number>;
  /** @returns as above @throws {NotFound} */
  revokeId(id: string, options: RevocationOptions): Promise<number>;
  /** Ends what the user has agreed to with one client: its tokens, and that it need not be asked again. @throws {NotFound} */
  endGrant(accountId: string, grantId: string, by: string): Promise<void>;
  endGrants(accountId: string, by: string): Promise<void>;
}

interface RevocationDeps {
  readonly db: Database;
  readonly tokens: Pick<Tokens, 'find' | 'references'>;
  readonly list: Pick<TokenList, 'find'>;
}

export function createRevocation({ db, tokens, list }: RevocationDeps): Revocation {
  async function revoke(
    { id, kind, grantId }: { id: string; kind: string; grantId: string | undefined },
    { wholeGrant = false, by }: RevocationOptions,
  ): Promise<number> {
    if (grantId !== undefined && (wholeGrant || kind === 'refresh_token')) {
      return (await queries.endGrant(db, grantId, by)) ?? 0;
    }
    return (await queries.endToken(db, Buffer.from(id, 'hex'), by)) ? 1 : 0;
  }

  const endGrantsOf = (accountId: string, grantId: string | undefined, by: string) =>
    retrying(() => queries.endGrantsOf(db, accountId, grantId, by));

  async function revokeGrantOfDead(value: string, { by }: RevocationOptions): Promise<number> {
    for (const id of tokens.references.idsOf('token', value)) {
      const dead = await list.find(id);
      const isPresented = dead?.format === 'opaque' || tokens.references.isReference(value);
      if (dead?.grantId !== undefined && isPresented) return (await queries.endGrant(db, dead.grantId, by)) ?? 0;
    }
    return 0;
  }

  return {
    async revokeValue(value, options) {
      const token = await tokens.find(value, { noted: false });
      // A dead token still names its grant: in an incident the token at hand is often the one that was refreshed away.
      if (!token && options.wholeGrant) return revokeGrantOfDead(value, options);
      // A JWT's row lies under its jti, which is no secret: only a reference, made of the verified JWT, stands for it.
      if (!token || (token.format === 'jwt' && !tokens.references.isReference(value))) return 0;
      return revoke(token, options);
    },

    async revokeId(id, options) {
      const token = await list.find(id);
      if (!token) throw new NotFound('token');
      return revoke(token, options);
    },

    async endGrant(accountId, grantId, by) {
      if ((await endGrantsOf(accountId, grantId, by)) === 0) throw new NotFound('grant');
    },

    async endGrants(accountId, by) {
      await endGrantsOf(accountId, undefined, by);
    },
  };
}
