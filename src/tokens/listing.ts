/** Which tokens and grants there are, for administrators: never their values, and dead ones for as long as they are kept. */
import { batched, type Database, type Page, type PageRequest, pageOf, positionOf } from '#src/db/index.ts';
import type { ListedKind, TokenStatus } from './listing-queries.ts';
import * as queries from './listing-queries.ts';
import type { TokenFormat } from './records.ts';

export type { ListedKind, TokenStatus } from './listing-queries.ts';

export const LISTED_KINDS: readonly ListedKind[] = [
  'access_token',
  'refresh_token',
  'authorization_code',
  'device_code',
  'pat',
];

export interface ListedToken {
  /** Names the record and opens nothing: nobody comes from it to the value. */
  readonly id: string;
  readonly kind: ListedKind;
  readonly format: TokenFormat;
  readonly clientId: string;
  readonly accountId: string | undefined;
  readonly grantId: string | undefined;
  readonly grantType: string | undefined;
  readonly scope: string | undefined;
  readonly audience: string | undefined;
  readonly issuedAt: Date;
  readonly expiresAt: Date;
  readonly status: TokenStatus;
  /** Coarse, and a minute late at most. */
  readonly lastUsedAt: Date | undefined;
}

export interface ListedGrant {
  readonly id: string;
  readonly clientId: string;
  /** OpenID Connect's scopes; those of APIs stand by their API. */
  readonly scope: string | undefined;
  readonly resources: readonly { readonly identifier: string; readonly scope: string }[];
  readonly createdAt: Date;
  readonly expiresAt: Date;
}

export interface TokenFilter {
  readonly clientId?: string | undefined;
  readonly accountId?: string | undefined;
  readonly grantId?: string | undefined;
  readonly kind?: ListedKind | undefined;
  readonly status?: TokenStatus | undefined;
}

export interface TokenList {
  /** Newest first: what is issued meanwhile moves nothing on the pages behind. */
  list(filter: TokenFilter, page: PageRequest): Promise<Page<ListedToken>>;
  find(id: string): Promise<ListedToken | undefined>;
  /** What the user agreed to and did not take back, newest first; signing out takes nothing back. */
  listGrants(accountId: string, page: PageRequest): Promise<Page<ListedGrant>>;
}

const ID = /^[0-9a-f]{64}$/;
/** When and which: two tokens may be of one instant. */
export const TOKEN_POSITION = /^\d{1,16}\.[0-9a-f]{64}$/;
export const GRANT_POSITION = /^\d{1,16}\.[\w-]{1,64}$/;

interface TokenListDeps {
  readonly db: Database;
  /** Personal access tokens are switched on; else none of them is live. */
  readonly acceptPats?: boolean;
}

export function createTokenList({ db, acceptPats = true }: TokenListDeps): TokenList {
  const listedById = batched((ids: string[]) => queries.findListed(db, ids, acceptPats), { slots: db.batches });

  return {
    async list({ clientId, accountId, grantId, kind, status }, { after, limit }) {
      // Tokens are indexed by their user, not by their grant, which has one: no second index for every row to carry.
      const owner = grantId === undefined ? accountId : await queries.accountOfGrant(db, grantId);
      if (grantId !== undefined && (owner === undefined || (accountId ?? owner) !== owner)) return nothing;
      const behind = positionOf(after);
      const wanted = {
        clientId,
        accountId: owner,
        grantId,
        kinds: kind ? [kind] : LISTED_KINDS,
        status,
        behind: behind && { createdUs: behind.createdUs, id: Buffer.from(behind.id, 'hex') },
        limit: limit + 1,
      };
      const rows = await queries.listTokens(db, wanted, acceptPats);
      return pageOf(rows, limit, toListed, (row) => row.id.toString('hex'));
    },

    async find(id) {
      const row = ID.test(id) ? await listedById(id) : undefined;
      return row && toListed(row);
    },

    async listGrants(accountId, { after, limit }) {
      const rows = await queries.listGrants(db, accountId, positionOf(after), limit + 1);
      return pageOf(rows, limit, toGrant, ({ id }) => id);
    },
  };
}

const nothing: Page<never> = { items: [], next: undefined };

function toListed(row: queries.ListedRow): ListedToken {
  return {
    id: row.id.toString('hex'),
    kind: row.kind,
    format: row.format,
    clientId: row.client_id,
    accountId: row.account_id ?? undefined,
    grantId: row.grant_id ?? undefined,
    grantType: row.grant_type ?? undefined,
    scope: row.scope ?? undefined,
    audience: row.audience ?? undefined,
    issuedAt: row.issued_at,
    expiresAt: row.expires_at,
    status: row.status,
    lastUsedAt: row.last_used_at ?? undefined,
  };
}

function toGrant({ id, client_id, consented, created_at, expires_at }: queries.GrantRow): ListedGrant {
  return {
    id,
    clientId: client_id,
    scope: consented.openid?.scope,
    resources: Object.entries(consented.resources ?? {}).map(([identifier, scope]) => ({ identifier, scope })),
    createdAt: created_at,
    expiresAt: expires_at,
  };
}
