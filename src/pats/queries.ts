/** All SQL of personal access tokens: seeing them, and telling which are about to expire. What changes them is beside. */
import type { Db } from '#src/db/index.ts';
import { isSuspended } from '#src/tokens/index.ts';
import type { PatFormat, PatStatus } from './pat.ts';

/** What ended one by name comes before what ended it by the way. @param enabled a parameter */
const statusOf = (enabled: string) => `
  case when s.revoked_at is not null then 'revoked'
       when p.stands_until <= now() then 'replaced'
       when s.expires_at <= now() then 'expired'
       when ${isSuspended('s', enabled)} then 'suspended'
       when not s.lives then 'revoked'
       else 'live' end`;

const patOf = (enabled: string) => `
  p.token_id, (extract(epoch from p.created_at) * 1000000)::bigint::text as created_us, p.account_id, p.name, p.family,
  p.lifetime, p.ip, p.user_agent, p.last_used_ip, p.replaced_at, s.issued_at, s.scope, s.audience, s.format,
  s.expires_at, s.last_used_at, ${statusOf(enabled)} as status`;

export interface PatRow {
  token_id: Buffer;
  /** Microseconds since the epoch. */
  created_us: string;
  account_id: string;
  name: string;
  family: Buffer;
  lifetime: number;
  ip: string | null;
  user_agent: string | null;
  last_used_ip: string | null;
  replaced_at: Date | null;
  /** To the second, as the token itself says: `expires_at` is so many days later. */
  issued_at: Date;
  scope: string;
  audience: string;
  format: PatFormat;
  expires_at: Date;
  last_used_at: Date | null;
  status: PatStatus;
}

export interface Wanted {
  readonly accountId: string | undefined;
  readonly audience: string | undefined;
  readonly scope: string | undefined;
  readonly status: PatStatus | undefined;
  /** The last one of the page before. */
  readonly behind: { readonly createdUs: string; readonly id: Buffer } | undefined;
  readonly limit: number;
}

/** Newest first. A filter that is null folds away when the statement is planned. */
export async function listPats(db: Db, wanted: Wanted, enabled: boolean): Promise<PatRow[]> {
  const { rows } = await db.query<PatRow>(
    `select ${patOf('$8')}
       from pats p
       join token_states s on s.id = p.token_id
      where ($1::uuid is null or p.account_id = $1)
        and ($2::text is null or s.audience = $2)
        and ($3::text is null or $3 = any (string_to_array(s.scope, ' ')))
        and ($4::text is null or ${statusOf('$8')} = $4)
        and ($5::bigint is null
             or (p.created_at, p.token_id) < (timestamptz 'epoch' + $5::bigint * interval '1 microsecond', $6::bytea))
      order by p.created_at desc, p.token_id desc
      limit $7`,
    [
      wanted.accountId,
      wanted.audience,
      wanted.scope,
      wanted.status,
      wanted.behind?.createdUs,
      wanted.behind?.id,
      wanted.limit,
      enabled,
    ],
  );
  return rows;
}

/** @param accountId undefined: whoever's @param ids under which it may lie @param enabled whether any are accepted here */
export async function findPat(
  db: Db,
  accountId: string | undefined,
  ids: readonly Buffer[],
  enabled: boolean,
): Promise<PatRow | undefined> {
  const { rows } = await db.query<PatRow>(
    `select ${patOf('$3')}
       from pats p
       join token_states s on s.id = p.token_id
      where p.token_id = any ($1)
        and ($2::uuid is null or p.account_id = $2)`,
    [ids, accountId, enabled],
  );
  return rows[0];
}

/**
 * Tells of those that expire within `$1` seconds, or have less than half of their life before them when that is shorter.
 *
 * @returns how many: fewer than `most` when there are no more
 */
export async function warnOfExpiry(db: Db, seconds: number, most: number): Promise<number> {
  const { rowCount } = await db.query(
    `with warned as (
       update pats
          set warned_at = now()
        where token_id = any (array(
                select p.token_id
                  from pats p
                  join token_states s on s.id = p.token_id
                 where p.expires_at > now()
                   and p.expires_at <= now() + make_interval(secs => $1)
                   and p.expires_at <= now() + make_interval(secs => p.lifetime / 2.0)
                   and p.warned_at is null
                   and p.replaced_at is null
                   and s.lives
                 order by p.expires_at
                 limit $2
                   for update of p skip locked))
       returning token_id, account_id, expires_at
     ), event as (
       insert into events (type, client_id, account_id, data)
       select 'pat.expiring', t.client_id, w.account_id,
              jsonb_build_object('token_id', encode(w.token_id, 'hex'), 'expires_at', w.expires_at)
         from warned w
         join tokens t on t.id = w.token_id
     )
     select token_id from warned`,
    [seconds, most],
  );
  return rowCount;
}
