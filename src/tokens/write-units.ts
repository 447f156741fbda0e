import { column, type Db } from '#src/db/index.ts';
import type { Token } from './records.ts';
import type { Unit } from './unit.ts';
import { exchange } from './write-exchange.ts';
import { WRITE } from './write-statement.ts';

/** Which statement writes a unit. */
export type Shape = 'issue' | 'exchange' | 'any';

/** @throws {Error} for a refresh that does more: what ends a grant must not meet what refreshes it in one statement */
export function shapeOf(unit: Unit): Shape {
  if (onlyIssues(unit)) return 'issue';
  if (onlyExchanges(unit)) return 'exchange';
  if (unit.superseding.length > 0 || unit.answer) throw new Error('a refresh changes nothing but tokens');
  return 'any';
}

/**
 * Writes a batch of units, each wholly or not at all.
 *
 * @param units all of one shape
 * @returns the positions of the units that were written; the guards of the others failed
 */
export async function writeUnits(db: Db, units: Unit[]): Promise<Set<number>> {
  const shape = units[0] && shapeOf(units[0]);
  if (shape === 'exchange') return exchange(db, units);
  if (shape === 'any') return writeAny(db, units);
  const tokens = units.flatMap((unit) => [...unit.tokens.values()]);
  await issueTokens(db, tokens);
  return new Set(units.keys());
}

async function writeAny(db: Db, units: Unit[]): Promise<Set<number>> {
  const relations = [
    [...units.entries()].map(([no, unit]) => guards(no, unit)),
    rowsOf(
      units,
      (unit) => unit.grants.values(),
      ({ issuedAt: _, ...grant }) => grant,
    ),
    rowsOf(units, (unit) => unit.tokens.values(), tokenRow),
    rowsOf(
      units,
      (unit) => unit.sessions.values(),
      (session) => session,
    ),
    rowsOf(
      units,
      (unit) => unit.interactions.values(),
      (interaction, unit) => ({ ...interaction, found: unit.foundInteractions.has(interaction.id) }),
    ),
    rowsOf(
      units,
      (unit) => unit.events,
      (event) => event,
    ),
    rowsOf(units, endings, (ending) => ending),
  ];
  const { rows } = await db.query<{ no: number }>(
    WRITE,
    relations.map((relation) => JSON.stringify(relation)),
  );
  return new Set(rows.map(({ no }) => no));
}

/** Tokens that rely on nothing and that nobody relies on yet. */
export async function issueTokens(db: Db, tokens: readonly Token[]): Promise<void> {
  await db.query(
    ISSUE,
    ISSUED.map((bound) => bound(tokens)),
  );
}

/** Rows for `json_to_recordset`, which takes its column names from quoted identifiers: ours, unmapped. */
function rowsOf<Row extends object>(
  units: Unit[],
  rows: (unit: Unit) => Iterable<Row>,
  columns: (row: Row, unit: Unit) => object,
) {
  return units.flatMap((unit, no) => [...rows(unit)].map((row) => ({ no, ...columns(row, unit) })));
}

function guards(no: number, unit: Unit) {
  return {
    no,
    consumes: unit.consumes,
    grantId: unit.guardedGrant,
    accountId: unit.guardedAccount,
    clientId: unit.guardedClient,
    replay: unit.replay?.id,
    replayExpiresAt: unit.replay?.expiresAt,
    sessionUid: unit.guardedSession,
  };
}

const tokenRow = ({ status, consumedAt: _, ...token }: Token) => ({
  ...token,
  statusList: status?.list,
  statusIndex: status?.index,
});

/** New tokens and nothing else, under no grant: client credentials. Most of a busy server's writes have this shape. */
function onlyIssues(unit: Unit): boolean {
  return (
    unit.changes.length === unit.tokens.size &&
    unit.events.length === 0 &&
    [...unit.tokens.values()].every(({ grantId, kind }) => grantId === undefined && kind === 'access_token')
  );
}

/** One token is used up and new ones are made under its grant: what codes and refresh tokens are exchanged for. */
function onlyExchanges(unit: Unit): boolean {
  const { consumes, replay, tokens, refreshedGrant } = unit;
  return (
    consumes !== undefined &&
    unit.changes.length === tokens.size + (replay ? 2 : 1) + refreshedGrant.length &&
    [...tokens.values()].every(
      ({ id, grantId, kind }) =>
        grantId !== undefined && (kind === 'access_token' || kind === 'refresh_token') && !unit.seen.has(id),
    )
  );
}

function endings(unit: Unit): { relation: string; key: string }[] {
  const of = (relation: string, keys: Iterable<string>) => [...keys].map((key) => ({ relation, key }));
  return [
    ...of('tokens', unit.endedTokens),
    ...of('grants', unit.endedGrants),
    ...of('interactions', unit.endedInteractions),
    ...of('rotated sessions', unit.rotatedSessions),
    ...of('sessions', unit.endedSessions),
    ...of('clients of sessions', unit.endedClients),
  ];
}

/** The columns of `ISSUE`, in its order: one bound array each, whatever the number of rows. */
const ISSUED: readonly ((tokens: readonly Token[]) => Buffer)[] = [
  column('bytea', ({ id }) => id),
  column('text', ({ kind }) => kind),
  column('text', ({ format }) => format),
  column('text', ({ clientId }) => clientId),
  column('text', ({ grantType }) => grantType),
  column('text', ({ scope }) => scope),
  column('text', ({ audience }) => audience),
  column('float8', ({ issuedAt }) => issuedAt),
  column('float8', ({ expiresAt }) => expiresAt),
  column('int4', ({ status }) => status?.list),
  column('int4', ({ status }) => status?.index),
  column('jsonb', ({ remainder }) => JSON.stringify(remainder)),
];

const ISSUE = `
insert into tokens (id, kind, format, client_id, grant_type, scope, audience, issued_at, expires_at,
                    status_list, status_index, remainder)
select n.id, n.kind, n.format, n.client_id, n.grant_type, n.scope, n.audience,
       to_timestamp(n.issued_at), to_timestamp(n.expires_at), n.status_list, n.status_index, n.remainder
  from unnest($1::bytea[], $2::text[], $3::text[], $4::text[], $5::text[], $6::text[], $7::text[],
              $8::float8[], $9::float8[], $10::int[], $11::int[], $12::jsonb[])
    as n (id, kind, format, client_id, grant_type, scope, audience, issued_at, expires_at,
          status_list, status_index, remainder)`;
