/** Lookups for people: which tokens and grants there are, dead ones too for as long as they are kept. */
import type { Db } from '#src/db/index.ts';
import type { TokenFormat } from './records.ts';
import { isSuspended } from './suspended.ts';

/** Pushed requests are a few seconds of plumbing between two of these; nobody asks for them. */
export type ListedKind = 'access_token' | 'refresh_token' | 'authorization_code' | 'device_code' | 'pat';
export type TokenStatus = 'live' | 'expired' | 'revoked' | 'consumed' | 'suspended';

/** What ended a token by name comes before what ended it by the way. @param acceptPats a parameter */
const statusOf = (acceptPats: string) => `
  case when t.revoked_at is not null then 'revoked'
       when t.consumed_at is not null then 'consumed'
       when t.expires_at <= now() then 'expired'
       when ${isSuspended('t', acceptPats)} then 'suspended'
       when not t.lives then 'revoked'
       else 'live' end`;

const listed = (acceptPats: string) => `
  t.id, (extract(epoch from t.created_at) * 1000000)::bigint::text as created_us, t.kind, t.format, t.client_id,
  t.account_id, t.grant_id, t.grant_type, t.scope, t.audience, t.issued_at, t.expires_at, t.last_used_at,
  ${statusOf(acceptPats)} as status`;

export interface ListedRow {
  id: Buffer;
  /** Microseconds since the epoch. */
  created_us: string;
  kind: ListedKind;
  format: TokenFormat;
  client_id: string;
  account_id: string | null;
  grant_id: string | null;
  grant_type: string | null;
  scope: string | null;
  audience: string | null;
  issued_at: Date;
  expires_at: Date;
  last_used_at: Date | null;
  status: TokenStatus;
}

export interface Wanted {
  readonly clientId: string | undefined;
  readonly accountId: string | undefined;
  readonly grantId: string | undefined;
  readonly kinds: readonly ListedKind[];
  readonly status: TokenStatus | undefined;
  /** The last one of the page before. */
  readonly behind: { readonly createdUs: string; readonly id: Buffer } | undefined;
  readonly limit: number;
}

/** Newest first. A filter that is null folds away when the statement is planned, so each combination has its index. */
export async function listTokens(db: Db, wanted: Wanted, acceptPats: boolean): Promise<ListedRow[]> {
  const { rows } = await db.query<ListedRow>(
    `select ${listed('$9')}
       from token_states t
      where ($1::text is null or t.client_id = $1)
        and ($2::uuid is null or t.account_id = $2)
        and ($3::text is null or t.grant_id = $3)
        and t.kind = any($4)
        and ($5::text is null or ${statusOf('$9')} = $5)
        and ($6::bigint is null
             or (t.created_at, t.id) < (timestamptz 'epoch' + $6::bigint * interval '1 microsecond', $7::bytea))
      order by t.created_at desc, t.id desc
      limit $8`,
    [
      wanted.clientId,
      wanted.accountId,
      wanted.grantId,
      wanted.kinds,
      wanted.status,
      wanted.behind?.createdUs,
      wanted.behind?.id,
      wanted.limit,
      acceptPats,
    ],
  );
  return rows;
}

export async function findListed(db: Db, ids: string[], acceptPats: boolean): Promise<Map<string, ListedRow>> {
  const { rows } = await db.query<ListedRow>(
    `select ${listed('$2')}
       from token_states t
      where t.id = any(array(select unnest($1::bytea[])))
        and t.kind <> 'pushed_authorization_request'`,
    [ids.map((id) => Buffer.from(id, 'hex')), acceptPats],
  );
  return new Map(rows.map((row) => [row.id.toString('hex'), row]));
}

export async function accountOfGrant(db: Db, grantId: string): Promise<string | undefined> {
  const { rows } = await db.query<{ account_id: string }>('select account_id from grants where id = $1', [grantId]);
  return rows[0]?.account_id;
}

export interface GrantRow {
  id: string;
  client_id: string;
  consented: { openid?: { scope?: string }; resources?: Record<string, string> };
  created_us: string;
  created_at: Date;
  expires_at: Date;
}

/** What the account still agrees to, newest first: of some of these it has signed out. */
export async function listGrants(
  db: Db,
  accountId: string,
  behind: { readonly createdUs: string; readonly id: string } | undefined,
  limit: number,
): Promise<GrantRow[]> {
  const { rows } = await db.query<GrantRow>(
    `select id, client_id, consented, (extract(epoch from created_at) * 1000000)::bigint::text as created_us,
            created_at, expires_at
       from grants
      where account_id = $1
        and (revoked_at is null or signed_out)
        and expires_at > now()
        and ($2::bigint is null
             or (created_at, id) < (timestamptz 'epoch' + $2::bigint * interval '1 microsecond', $3))
      order by created_at desc, id desc
      limit $4`,
    [accountId, behind?.createdUs, behind?.id, limit],
  );
  return rows;
}
