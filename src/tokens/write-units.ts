import type { Db } from '#src/db/index.ts';
import type { Token } from './records.ts';
import type { Unit } from './unit.ts';
import { WRITE } from './write-statement.ts';

/**
 * Writes a batch of units, each wholly or not at all.
 *
 * @returns the positions of the units that were written; the guards of the others failed
 */
export async function writeUnits(db: Db, units: Unit[]): Promise<Set<number>> {
  if (units.every(onlyIssues)) {
    const tokens = units.flatMap((unit) => [...unit.tokens.values()]);
    await issueTokens(db, tokens);
    return new Set(units.keys());
  }
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
      (interaction) => interaction,
    ),
    rowsOf(
      units,
      (unit) => unit.events,
      (event) => event,
    ),
    rowsOf(units, endings, (ending) => ending),
    rowsOf(
      units,
      (unit) => unit.superseding,
      ({ grantId, audience }) => ({ grantId, audience }),
    ),
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
    ISSUED.map((column) => tokens.map(column)),
  );
}

/** Rows for `json_to_recordset`, which takes its column names from quoted identifiers: ours, unmapped. */
function rowsOf<Row extends object>(units: Unit[], rows: (unit: Unit) => Iterable<Row>, columns: (row: Row) => object) {
  return units.flatMap((unit, no) => [...rows(unit)].map((row) => ({ no, ...columns(row) })));
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
    answer: unit.answer?.sealed.toString('hex'),
    answerExpiresAt: unit.answer?.expiresAt,
    successor: unit.answer?.successorId,
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
const ISSUED: readonly ((token: Token) => unknown)[] = [
  ({ id }) => Buffer.from(id, 'hex'),
  ({ kind }) => kind,
  ({ format }) => format,
  ({ clientId }) => clientId,
  ({ grantType }) => grantType,
  ({ scope }) => scope,
  ({ audience }) => audience,
  ({ issuedAt }) => issuedAt,
  ({ expiresAt }) => expiresAt,
  ({ status }) => status?.list,
  ({ status }) => status?.index,
  ({ remainder }) => JSON.stringify(remainder),
];

const ISSUE = `
insert into tokens (id, kind, format, client_id, grant_type, scope, audience, issued_at, expires_at,
                    status_list, status_index, remainder)
select n.id, n.kind, n.format, n.client_id, n.grant_type, n.scope, n.audience,
       to_timestamp(n.issued_at), to_timestamp(n.expires_at), n.status_list, n.status_index, n.remainder
  from unnest($1::bytea[], $2::text[], $3::text[], $4::text[], $5::text[], $6::text[], $7::text[],
              $8::int8[], $9::int8[], $10::int[], $11::int[], $12::jsonb[])
    as n (id, kind, format, client_id, grant_type, scope, audience, issued_at, expires_at,
          status_list, status_index, remainder)`;
