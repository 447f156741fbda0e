import { column, type Db } from '#src/db/index.ts';
import type { Commitment } from './commitment.ts';
import type { Token } from './records.ts';
import type { Unit } from './unit.ts';
import { exchange } from './write-exchange.ts';
import { WRITE } from './write-statement.ts';

/**
 * Writes a batch of units, each wholly or not at all.
 *
 * @param batch all of one shape
 * @returns the positions of the units that were written; the guards of the others failed
 */
export async function writeUnits(db: Db, batch: readonly Commitment[]): Promise<Set<number>> {
  const shape = batch[0]?.shape;
  if (shape === 'exchange') return exchange(db, batch);
  if (shape === 'any') return writeAny(db, batch);
  const tokens = batch.flatMap(({ unit }) => [...unit.tokens.values()]);
  await issueTokens(db, tokens);
  return new Set(batch.keys());
}

async function writeAny(db: Db, batch: readonly Commitment[]): Promise<Set<number>> {
  const units = batch.map(({ unit }) => unit);
  const relations = [
    batch.map(guards),
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

const guards = ({ unit, grantId, accountId, clientId, sessionUid }: Commitment, no: number) => ({
  no,
  consumes: unit.consumes?.id,
  grantId,
  accountId,
  clientId,
  replay: unit.replay?.id,
  replayExpiresAt: unit.replay?.expiresAt,
  sessionUid,
});

const tokenRow = ({ status, consumedAt: _, ...token }: Token) => ({
  ...token,
  statusList: status?.list,
  statusIndex: status?.index,
});

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
