import { column, type Db } from '#src/db/index.ts';
import type { Commitment } from './commitment.ts';
import type { Token, TokenEvent } from './records.ts';
import { IS_LET_IN, letIn, PASSED, UNSEEN } from './write-guards.ts';

/**
 * A batch of units that consume a code or refresh token and issue tokens under its grant, and do nothing else: most of what
 * people's clients ask for. Its parameters are arrays, one per column; only to begin with `WRITE` takes Postgres longer than
 * five of these units.
 *
 * - `refreshed` ends the access tokens that the grant had for this API. It says from when on they are good, and the new
 *   tokens are of that instant: later than those before, also when the clock has gone back.
 * - Nobody listens to events where there are no webhooks; where there are, the trigger of the table knows to which.
 *
 * The sub-selects keep the number of rows from the planner, which would make a plan for each.
 */
const EXCHANGE = `
with unit as (
  select (u.no - 1)::int as no, u.consumes, u.grant_id, u.account_id, u.client_id, u.supersedes, u.replay,
         to_timestamp(u.replay_expires_at) as replay_expires_at, u.answer, u.successor, u.answer_expires_at
    from unnest((select $1::bytea[]), $2::text[], $3::uuid[], $4::text[], $5::text[], $6::bytea[], $7::float8[],
                $8::bytea[], $9::bytea[], $10::float8[])
      with ordinality
      as u (consumes, grant_id, account_id, client_id, supersedes, replay, replay_expires_at,
            answer, successor, answer_expires_at, no)
), ${UNSEEN}, ${letIn('no key update')}, living as materialized (
  select no, consumes, grant_id, account_id, client_id, supersedes
    from unit
   where ${IS_LET_IN}
), ${PASSED}, refreshed as (
  update grants g
     set access_from = coalesce(g.access_from, '{}') || jsonb_build_object(
           p.supersedes,
           greatest(
             now(),
             (g.access_from ->> p.supersedes)::timestamptz,
             (select t.created_at from tokens t where t.id = p.consumes)
           ) + interval '1 microsecond')
    from passed p
   where g.id = p.grant_id
     and p.supersedes is not null
  returning p.no, (g.access_from ->> p.supersedes)::timestamptz as at
), new_tokens as (
  insert into tokens (id, kind, format, client_id, account_id, grant_id, grant_type, scope, audience,
                      issued_at, expires_at, created_at, status_list, status_index, remainder)
  select n.id, n.kind, n.format, p.client_id, p.account_id, p.grant_id, n.grant_type, n.scope, n.audience,
         to_timestamp(n.issued_at), to_timestamp(n.expires_at), coalesce(r.at, now()), n.status_list, n.status_index,
         n.remainder
    from unnest((select $11::int[]), $12::bytea[], $13::text[], $14::text[], $15::text[], $16::text[], $17::text[],
                $18::float8[], $19::float8[], $20::int[], $21::int[], $22::jsonb[])
      as n (no, id, kind, format, grant_type, scope, audience, issued_at, expires_at, status_list, status_index, remainder)
    join passed p on p.no = n.no
    left join refreshed r on r.no = p.no
), new_answers as (
  insert into refresh_answers (token_id, successor_id, sealed, expires_at)
  select consumes, successor, answer, to_timestamp(answer_expires_at)
    from unit
   where answer is not null
     and no in (select no from passed)
), new_events as (
  insert into events (uid, type, client_id, account_id, data, sealed)
  select coalesce(n.uid, gen_random_uuid()), n.type, n.client_id, n.account_id, n.data::jsonb, n.sealed
    from unnest((select $23::int[]), $24::uuid[], $25::text[], $26::text[], $27::uuid[], $28::text[], $29::bytea[])
      as n (no, uid, type, client_id, account_id, data, sealed)
   where exists (select 1 from webhooks)
     and n.no in (select no from passed)
)
select no from passed`;

/** @returns the positions of the units that were written */
export async function exchange(db: Db, batch: readonly Commitment[]): Promise<Set<number>> {
  const tokens = batch.flatMap(({ unit }, no) => [...unit.tokens.values()].map((token) => ({ no, token })));
  const events = batch.flatMap(({ unit }, no) => unit.events.map((event) => ({ no, event })));
  const { rows } = await db.query<{ no: number }>(EXCHANGE, [
    ...OF_UNITS.map((bound) => bound(batch)),
    ...OF_TOKENS.map((bound) => bound(tokens)),
    ...OF_EVENTS.map((bound) => bound(events)),
  ]);
  return new Set(rows.map(({ no }) => no));
}

/** The columns of `EXCHANGE`, in its order. */
const OF_UNITS: readonly ((batch: readonly Commitment[]) => Buffer)[] = [
  column('bytea', ({ unit }) => unit.consumes?.id),
  column('text', ({ grantId }) => grantId),
  column('uuid', ({ accountId }) => accountId),
  column('text', ({ clientId }) => clientId),
  // The API whose older access tokens end, as the keys of `access_from` name it.
  column('text', ({ refreshed }) => refreshed && (refreshed.audience ?? '')),
  column('bytea', ({ unit }) => unit.replay?.id),
  column('float8', ({ unit }) => unit.replay?.expiresAt),
  column('blob', ({ unit }) => unit.answer?.sealed),
  column('bytea', ({ unit }) => unit.answer?.successorId),
  column('float8', ({ unit }) => unit.answer?.expiresAt),
];

const OF_TOKENS: readonly ((tokens: readonly { no: number; token: Token }[]) => Buffer)[] = [
  column('int4', ({ no }) => no),
  column('bytea', ({ token }) => token.id),
  column('text', ({ token }) => token.kind),
  column('text', ({ token }) => token.format),
  column('text', ({ token }) => token.grantType),
  column('text', ({ token }) => token.scope),
  column('text', ({ token }) => token.audience),
  column('float8', ({ token }) => token.issuedAt),
  column('float8', ({ token }) => token.expiresAt),
  column('int4', ({ token }) => token.status?.list),
  column('int4', ({ token }) => token.status?.index),
  column('jsonb', ({ token }) => JSON.stringify(token.remainder)),
];

const OF_EVENTS: readonly ((events: readonly { no: number; event: TokenEvent }[]) => Buffer)[] = [
  column('int4', ({ no }) => no),
  column('uuid', ({ event }) => event.uid),
  column('text', ({ event }) => event.type),
  column('text', ({ event }) => event.clientId),
  column('uuid', ({ event }) => event.accountId),
  column('text', ({ event }) => JSON.stringify(event.data)),
  column('bytea', ({ event }) => event.sealed),
];
