import type { Db } from '#src/db/index.ts';
import type { Token } from './records.ts';
import type { Unit } from './unit.ts';

const bytes = (id: string): Buffer => Buffer.from(id, 'hex');
const time = (seconds: number): Date => new Date(seconds * 1000);

/** Rows as columns, the shape `unnest` takes: one bound array per column, whatever the number of rows. */
function columns<Row, const Pick extends readonly ((row: Row) => unknown)[]>(rows: Row[], pick: Pick): unknown[][] {
  return pick.map((value) => rows.map(value));
}

/** Each row beside the number of the unit it belongs to. */
function rowsOf<Row>(units: Unit[], rows: (unit: Unit) => Iterable<Row>): { no: number; row: Row }[] {
  return units.flatMap((unit, no) => [...rows(unit)].map((row) => ({ no, row })));
}

const TOKEN_COLUMNS = [
  ({ no }) => no,
  ({ row }) => bytes(row.id),
  ({ row }) => row.kind,
  ({ row }) => row.format,
  ({ row }) => row.clientId,
  ({ row }) => row.accountId,
  ({ row }) => row.grantId,
  ({ row }) => row.grantType,
  ({ row }) => row.scope,
  ({ row }) => row.audience,
  ({ row }) => (row.userCode ? bytes(row.userCode) : undefined),
  ({ row }) => time(row.issuedAt),
  ({ row }) => time(row.expiresAt),
  ({ row }) => JSON.stringify(row.remainder),
] as const satisfies ((input: { no: number; row: Token }) => unknown)[];

/**
 * Writes a batch of units, each wholly or not at all.
 *
 * @returns the positions of the units that were written; the guards of the others failed
 */
export async function writeUnits(db: Db, units: Unit[]): Promise<Set<number>> {
  if (units.every(onlyIssues)) {
    await db.query(
      ISSUE,
      columns(
        rowsOf(units, (unit) => unit.tokens.values()),
        TOKEN_COLUMNS,
      ).slice(1),
    );
    return new Set(units.keys());
  }
  const { rows } = await db.query<{ no: number }>(WRITE, [
    ...columns(
      [...units.entries()],
      [
        ([no]) => no,
        ([, unit]) => (unit.consumes ? bytes(unit.consumes) : undefined),
        ([, unit]) => unit.guardedGrant,
        ([, unit]) => unit.guardedAccount,
        ([, unit]) => (unit.replay ? bytes(unit.replay.id) : undefined),
        ([, unit]) => (unit.replay ? time(unit.replay.expiresAt) : undefined),
      ],
    ),
    ...columns(
      rowsOf(units, (unit) => unit.grants.values()),
      [
        ({ no }) => no,
        ({ row }) => row.id,
        ({ row }) => row.accountId,
        ({ row }) => row.clientId,
        ({ row }) => row.sessionUid,
        ({ row }) => JSON.stringify(row.consented),
        ({ row }) => time(row.expiresAt),
      ],
    ),
    ...columns(
      rowsOf(units, (unit) => unit.tokens.values()),
      TOKEN_COLUMNS,
    ),
    ...columns(
      rowsOf(units, (unit) => unit.sessions.values()),
      [
        ({ no }) => no,
        ({ row }) => bytes(row.id),
        ({ row }) => row.uid,
        ({ row }) => row.accountId,
        ({ row }) => JSON.stringify(row.payload),
        ({ row }) => time(row.expiresAt),
      ],
    ),
    ...columns(
      rowsOf(units, (unit) => unit.interactions.values()),
      [
        ({ no }) => no,
        ({ row }) => bytes(row.id),
        ({ row }) => JSON.stringify(row.payload),
        ({ row }) => time(row.expiresAt),
      ],
    ),
    ...columns(rowsOf(units, endings), [({ no }) => no, ({ row }) => row.table, ({ row }) => row.key]),
  ]);
  return new Set(rows.map(({ no }) => no));
}

/** New tokens and nothing else, under no grant: client credentials. Most of a busy server's writes have this shape. */
function onlyIssues(unit: Unit): boolean {
  return (
    unit.changes.length === unit.tokens.size &&
    [...unit.tokens.values()].every(({ grantId, kind }) => grantId === undefined && kind === 'access_token')
  );
}

function endings(unit: Unit): { table: string; key: string }[] {
  const of = (table: string, keys: Iterable<string>) => [...keys].map((key) => ({ table, key }));
  return [
    ...of('tokens', unit.endedTokens),
    ...of('grants', unit.endedGrants),
    ...of('interactions', unit.endedInteractions),
    ...of('rotated sessions', unit.rotatedSessions),
    ...of('sessions', unit.endedSessions),
  ];
}

const ISSUE = `
insert into tokens (id, kind, format, client_id, account_id, grant_id, grant_type, scope, audience, user_code,
                    issued_at, expires_at, remainder)
select *
  from unnest($1::bytea[], $2::text[], $3::text[], $4::text[], $5::uuid[], $6::text[], $7::text[], $8::text[],
              $9::text[], $10::bytea[], $11::timestamptz[], $12::timestamptz[], $13::jsonb[])`;

/**
 * Guards and writes in one statement. `unseen` burns the proof even if another guard fails: it has been presented. `living`
 * locks the grant and the user for share, so a revocation or a disabling that is being committed is waited for and wins.
 * `consumed` is the compare-and-set of single use. Only rows of units that `passed` all of them are written.
 */
const WRITE = `
with unit as (
  select *
    from unnest($1::int[], $2::bytea[], $3::text[], $4::uuid[], $5::bytea[], $6::timestamptz[])
      as unit (no, consumes, grant_id, account_id, replay, replay_expires_at)
), unseen as (
  insert into replays (id, expires_at)
  select replay, replay_expires_at from unit where replay is not null
  on conflict (id) do nothing
  returning id
), living as materialized (
  select unit.no, unit.consumes
    from unit
   where (unit.replay is null or unit.replay in (select id from unseen))
     and (unit.grant_id is null or exists (
           select 1 from grants g where g.id = unit.grant_id and g.revoked_at is null for share))
     and (unit.account_id is null or exists (
           select 1 from users u
            where u.id = unit.account_id and (not u.disabled or u.disabled_until <= now()) for share))
), consumed as (
  update tokens t
     set consumed_at = now()
    from living
   where t.id = living.consumes
     and t.consumed_at is null
     and t.revoked_at is null
  returning living.no
), passed as materialized (
  select no from living where consumes is null or no in (select no from consumed)
), new_grants as (
  insert into grants (id, account_id, client_id, session_uid, consented, expires_at)
  select n.id, n.account_id, n.client_id, n.session_uid, n.consented, n.expires_at
    from unnest($7::int[], $8::text[], $9::uuid[], $10::text[], $11::text[], $12::jsonb[], $13::timestamptz[])
      as n (no, id, account_id, client_id, session_uid, consented, expires_at)
   where n.no in (select no from passed)
  on conflict (id) do update
     set consented = excluded.consented, expires_at = excluded.expires_at
   where grants.revoked_at is null
), new_tokens as (
  insert into tokens (id, kind, format, client_id, account_id, grant_id, grant_type, scope, audience, user_code,
                      issued_at, expires_at, remainder)
  select n.id, n.kind, n.format, n.client_id, n.account_id, n.grant_id, n.grant_type, n.scope, n.audience, n.user_code,
         n.issued_at, n.expires_at, n.remainder
    from unnest($14::int[], $15::bytea[], $16::text[], $17::text[], $18::text[], $19::uuid[], $20::text[], $21::text[],
                $22::text[], $23::text[], $24::bytea[], $25::timestamptz[], $26::timestamptz[], $27::jsonb[])
      as n (no, id, kind, format, client_id, account_id, grant_id, grant_type, scope, audience, user_code,
            issued_at, expires_at, remainder)
   where n.no in (select no from passed)
  on conflict (id) do update
     set account_id = excluded.account_id, grant_id = excluded.grant_id, scope = excluded.scope,
         audience = excluded.audience, remainder = excluded.remainder
   where tokens.consumed_at is null and tokens.revoked_at is null
), new_sessions as (
  insert into sessions (id, uid, account_id, payload, expires_at)
  select n.id, n.uid, n.account_id, n.payload, n.expires_at
    from unnest($28::int[], $29::bytea[], $30::text[], $31::uuid[], $32::jsonb[], $33::timestamptz[])
      as n (no, id, uid, account_id, payload, expires_at)
   where n.no in (select no from passed)
  on conflict (id) do update
     set account_id = excluded.account_id, payload = excluded.payload, expires_at = excluded.expires_at
), new_interactions as (
  insert into interactions (id, payload, expires_at)
  select n.id, n.payload, n.expires_at
    from unnest($34::int[], $35::bytea[], $36::jsonb[], $37::timestamptz[]) as n (no, id, payload, expires_at)
   where n.no in (select no from passed)
  on conflict (id) do update
     set payload = excluded.payload, expires_at = excluded.expires_at
), ended as materialized (
  select e.relation, e.key
    from unnest($38::int[], $39::text[], $40::text[]) as e (no, relation, key)
   where e.no in (select no from passed)
), ended_tokens as (
  update tokens
     set revoked_at = now()
   where id in (select decode(key, 'hex') from ended where relation = 'tokens')
     and revoked_at is null
), ended_grants as (
  update grants
     set revoked_at = now()
   where id in (select key from ended where relation = 'grants')
     and revoked_at is null
), ended_with_session as (
  update grants
     set revoked_at = now()
   where session_uid in (select key from ended where relation = 'sessions')
     and revoked_at is null
), ended_interactions as (
  delete from interactions
   where id in (select decode(key, 'hex') from ended where relation = 'interactions')
), ended_sessions as (
  delete from sessions
   where id in (select decode(key, 'hex') from ended where relation = 'rotated sessions')
      or uid in (select key from ended where relation = 'sessions')
)
select no from passed`;
