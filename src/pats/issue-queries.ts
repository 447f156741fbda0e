/**
 * Writing new ones. Their owner's row is locked first, and by whoever ends all of theirs: so no count is of a moment ago,
 * and no successor slips past.
 */
import type { Db } from '#src/db/index.ts';
import type { PatFormat } from './pat.ts';

export interface NewPatRow {
  readonly id: Buffer;
  readonly format: PatFormat;
  readonly clientId: string;
  readonly accountId: string;
  readonly scope: string;
  readonly audience: string;
  /** Seconds since the epoch. */
  readonly issuedAt: number;
  readonly expiresAt: number;
  readonly statusList: number | undefined;
  readonly statusIndex: number | undefined;
  readonly remainder: Readonly<Record<string, unknown>>;
  readonly name: string;
  readonly family: Buffer;
  readonly ip: string | undefined;
  readonly userAgent: string | undefined;
}

/** Undefined when there is no such user. */
export async function lockOwner(db: Db, accountId: string): Promise<{ is_disabled: boolean } | undefined> {
  const { rows } = await db.query<{ is_disabled: boolean }>(
    `select disabled and (disabled_until is null or disabled_until > now()) as is_disabled
       from users
      where id = $1
        for no key update`,
    [accountId],
  );
  return rows[0];
}

/** The id of the user is `who`. */
const living = (who: string) => `
  (select count(*)::integer
     from pats p
     join token_states s on s.id = p.token_id
    where p.account_id = ${who}
      and p.expires_at > now()
      and s.lives)`;

/** As things are at this moment, which nobody holds still. Undefined when there is no such user. */
export async function readOwner(
  db: Db,
  accountId: string,
): Promise<{ is_disabled: boolean; living: number } | undefined> {
  const { rows } = await db.query<{ is_disabled: boolean; living: number }>(
    `select disabled and (disabled_until is null or disabled_until > now()) as is_disabled, ${living('users.id')} as living
       from users
      where id = $1`,
    [accountId],
  );
  return rows[0];
}

/** What both statements end with: all rows of a new one, if `allowed` has a row. */
const WRITTEN = `
  new_token as (
    insert into tokens (id, kind, format, client_id, account_id, grant_type, scope, audience, issued_at, expires_at,
                        status_list, status_index, remainder)
    select $1, 'pat', $2, $3, $4, 'pat', $5, $6, to_timestamp($7::float8), to_timestamp($8::float8), $9, $10, $11
      from allowed
  ), new_pat as (
    insert into pats (token_id, account_id, name, family, lifetime, ip, user_agent, created_at, expires_at)
    select $1, $4, $12, $13, $8::float8 - $7::float8, $14, $15, now(), to_timestamp($8::float8)
      from allowed
    returning token_id
  ), event as (
    insert into events (type, client_id, account_id, data)
    select 'pat.created', $3, $4,
           jsonb_build_object('token_id', encode($1, 'hex'), 'family', encode($13, 'hex'), 'audience', $6::text,
                              'scope', $5::text, 'format', $2::text, 'expires_at', to_timestamp($8::float8))
      from allowed
  )
  select token_id from new_pat`;

/** The policy as it is in this very moment: what was read before may have been lowered since. */
const PERMITTED = `
  exists (select 1
            from users u
            join auth_policies o on o.id = u.policy_id
           where u.id = $4
             and (o.pats ->> 'allowed')::boolean
             and $8::float8 - $7::float8 <= coalesce((o.pats ->> 'max_days')::integer, 90) * 86400.0)`;

/** @param most as many as live at once @returns whether there was room */
export async function insertPat(db: Db, row: NewPatRow, most: number): Promise<boolean> {
  const { rowCount } = await db.query(
    `with allowed as materialized (
       select 1
        where ${living('$4')} < $16
          and ${PERMITTED}
     ), ${WRITTEN}`,
    [...values(row), most],
  );
  return rowCount > 0;
}

/** @returns whether the old one lived, had no successor yet, and makes room for it or finds some: in an overlap both live */
export async function replacePat(db: Db, old: Buffer, overlap: number, row: NewPatRow, most: number): Promise<boolean> {
  const { rowCount } = await db.query(
    `with living as materialized (
       select t.id
         from tokens t
        where t.id = $16
          and t.account_id = $4
          and t.revoked_at is null
          and t.expires_at > now()
          and (select s.lives from token_states s where s.id = t.id)
          and ($17::float8 = 0 or ${living('$4')} < $18)
          and ${PERMITTED}
          for update
     ), allowed as (
       update pats
          set replaced_at = now(), stands_until = now() + make_interval(secs => $17)
        where token_id = (select id from living)
          and replaced_at is null
       returning token_id
     ), ${WRITTEN}`,
    [...values(row), old, overlap, most],
  );
  return rowCount > 0;
}

const values = (row: NewPatRow) => [
  row.id,
  row.format,
  row.clientId,
  row.accountId,
  row.scope,
  row.audience,
  row.issuedAt,
  row.expiresAt,
  row.statusList,
  row.statusIndex,
  JSON.stringify(row.remainder),
  row.name,
  row.family,
  row.ip,
  row.userAgent,
];
