/**
 * All SQL of the token store: the lookups. What writes is in `write-units.ts`. Times are asked for as numbers and ids as hex: as
 * timestamps and bytes, both sides would write them and read them again, which is a good part of what a look-up costs.
 */
import { boundArray, type Db } from '#src/db/index.ts';
import type { FoundToken, Grant, Interaction, Session, Token, TokenFormat, TokenKind } from './records.ts';

export { issueTokens, writeUnits } from './write-units.ts';

interface TokenRow {
  id: string;
  kind: TokenKind;
  format: TokenFormat;
  client_id: string;
  account_id: string | null;
  grant_id: string | null;
  grant_type: string | null;
  scope: string | null;
  audience: string | null;
  user_code: string | null;
  issued_at: number;
  expires_at: number;
  consumed_at: number | null;
  status_list: number | null;
  status_index: number | null;
  remainder: Record<string, unknown>;
}

const seconds = (epoch: number): number => Math.floor(epoch);
const bytes = (id: string): Buffer => Buffer.from(id, 'hex');

const toToken = (row: TokenRow): Token => ({
  id: row.id,
  kind: row.kind,
  format: row.format,
  clientId: row.client_id,
  accountId: row.account_id ?? undefined,
  grantId: row.grant_id ?? undefined,
  grantType: row.grant_type ?? undefined,
  scope: row.scope ?? undefined,
  audience: row.audience ?? undefined,
  userCode: row.user_code ?? undefined,
  issuedAt: seconds(row.issued_at),
  expiresAt: seconds(row.expires_at),
  consumedAt: row.consumed_at === null ? undefined : seconds(row.consumed_at),
  status:
    row.status_list === null || row.status_index === null
      ? undefined
      : { list: row.status_list, index: row.status_index },
  remainder: row.remainder,
});

type FoundRow = TokenRow & {
  grant_account_id: string | null;
  grant_client_id: string | null;
  grant_session_uid: string | null;
  grant_consented: Record<string, unknown>;
  grant_created_at: number;
  grant_expires_at: number;
  username: string | null;
};

function toFound(row: FoundRow): FoundToken {
  const token = toToken(row);
  if (row.username !== null) return { ...token, username: row.username };
  if (row.grant_id === null || row.grant_account_id === null || row.grant_client_id === null) return token;
  const grant = toGrant({
    id: row.grant_id,
    account_id: row.grant_account_id,
    client_id: row.grant_client_id,
    session_uid: row.grant_session_uid,
    consented: row.grant_consented,
    created_at: row.grant_created_at,
    expires_at: row.grant_expires_at,
  });
  return { ...token, grant };
}

/** Those that live, each with its grant; expired and consumed ones among them. */
export async function findTokens(db: Db, ids: string[], acceptPats: boolean): Promise<Map<string, FoundToken>> {
  const { rows } = await db.query<FoundRow>(
    `select encode(s.id, 'hex') as id, s.kind, s.format, s.client_id, s.account_id, s.grant_id, s.grant_type, s.scope,
            s.audience, encode(s.user_code, 'hex') as user_code, date_part('epoch', s.issued_at) as issued_at,
            date_part('epoch', s.expires_at) as expires_at, date_part('epoch', s.consumed_at) as consumed_at,
            s.status_list, s.status_index, s.remainder, g.account_id as grant_account_id,
            g.client_id as grant_client_id, g.session_uid as grant_session_uid, g.consented as grant_consented,
            date_part('epoch', g.created_at) as grant_created_at, date_part('epoch', g.expires_at) as grant_expires_at,
            o.username
       from token_states s
       left join grants g on g.id = s.grant_id
       left join users o on o.id = s.account_id and s.kind = 'pat'
      where s.id = any(array(select unnest($1::bytea[])))
        and s.lives
        and (s.kind <> 'pat' or $2::boolean)`,
    [boundArray('bytea', ids), acceptPats],
  );
  return new Map(rows.map(toFound).map((token) => [token.id, token]));
}

export async function findByUserCode(db: Db, userCode: string): Promise<FoundToken | undefined> {
  const { rows } = await db.query<{ id: string }>(
    `select encode(id, 'hex') as id
       from tokens
      where user_code = $1
        and revoked_at is null`,
    [bytes(userCode)],
  );
  const found = rows[0]?.id;
  return found ? (await findTokens(db, [found], false)).get(found) : undefined;
}

interface GrantRow {
  id: string;
  account_id: string;
  client_id: string;
  session_uid: string | null;
  consented: Record<string, unknown>;
  created_at: number;
  expires_at: number;
}

const toGrant = (row: GrantRow): Grant => ({
  id: row.id,
  accountId: row.account_id,
  clientId: row.client_id,
  sessionUid: row.session_uid ?? undefined,
  consented: row.consented,
  issuedAt: seconds(row.created_at),
  expiresAt: seconds(row.expires_at),
});

export async function findGrants(db: Db, ids: string[]): Promise<Map<string, Grant>> {
  const { rows } = await db.query<GrantRow>(
    `select id, account_id, client_id, session_uid, consented, date_part('epoch', created_at) as created_at,
            date_part('epoch', expires_at) as expires_at
       from grants
      where id = any(array(select unnest($1::text[])))
        and revoked_at is null`,
    [ids],
  );
  return new Map(rows.map((row) => [row.id, toGrant(row)]));
}

export async function grantsBetween(db: Db, accountId: string, clientId: string): Promise<Grant[]> {
  const { rows } = await db.query<GrantRow>(
    `select id, account_id, client_id, session_uid, consented, date_part('epoch', created_at) as created_at,
            date_part('epoch', expires_at) as expires_at
       from grants
      where account_id = $1
        and client_id = $2
        and (revoked_at is null or signed_out)
        and expires_at > now()
        -- A client id may be chosen again: what was agreed with another client of that name was not agreed with this one.
        and created_at >= (select c.created_at from clients c where c.client_id = $2)
      order by grants.created_at desc
      limit 20`,
    [accountId, clientId],
  );
  return rows.map(toGrant);
}

interface SessionRow {
  id: string;
  uid: string;
  account_id: string | null;
  payload: Record<string, unknown>;
  expires_at: number;
}

const toSession = (row: SessionRow): Session => ({
  id: row.id,
  uid: row.uid,
  accountId: row.account_id ?? undefined,
  payload: row.payload,
  expiresAt: seconds(row.expires_at),
});

/** `lasts`, not `lives`: of somebody disabled the engine asks who they are, and finds nobody. */
export async function findSessions(db: Db, ids: string[]): Promise<Map<string, Session>> {
  const { rows } = await db.query<SessionRow>(
    `select encode(id, 'hex') as id, uid, account_id, payload, date_part('epoch', expires_at) as expires_at
       from session_states
      where id = any(array(select unnest($1::bytea[])))
        and kind = 'browser'
        and lasts`,
    [boundArray('bytea', ids)],
  );
  return new Map(rows.map(toSession).map((session) => [session.id, session]));
}

export async function findSessionsByUid(db: Db, uids: string[]): Promise<Map<string, Session>> {
  const { rows } = await db.query<SessionRow>(
    `select distinct on (uid) encode(id, 'hex') as id, uid, account_id, payload,
            date_part('epoch', expires_at) as expires_at
       from session_states
      where uid = any(array(select unnest($1::text[])))
        and kind = 'browser'
        and lasts
      order by uid, session_states.expires_at desc`,
    [uids],
  );
  return new Map(rows.map(toSession).map((session) => [session.uid, session]));
}

export async function findInteractions(db: Db, ids: string[]): Promise<Map<string, Interaction>> {
  const { rows } = await db.query<{ id: string; payload: Record<string, unknown>; expires_at: number }>(
    // A sign-in that was finished and not fetched yet is worth nothing once the password was changed, or the person was
    // signed out everywhere: the engine would make a session of it before it asks anything.
    `select encode(i.id, 'hex') as id,
            case when u.id is null
                   or (u.password_version = (i.payload #>> '{result,login,finished,passwordVersion}')::integer
                       and u.sign_ins_from < to_timestamp((i.payload #>> '{result,login,finished,at}')::float8))
                 then i.payload
                 else i.payload #- '{result,login}'
            end as payload,
            date_part('epoch', i.expires_at) as expires_at
       from interactions i
       left join users u on u.id = (i.payload #>> '{result,login,accountId}')::uuid
      where i.id = any(array(select unnest($1::bytea[])))
        and i.expires_at > now()`,
    [boundArray('bytea', ids)],
  );
  return new Map(rows.map(({ id, payload, expires_at }) => [id, { id, payload, expiresAt: seconds(expires_at) }]));
}

export async function isReplay(db: Db, ids: string[]): Promise<boolean> {
  const { rowCount } = await db.query(
    `select 1
       from replays
      where id = any(array(select unnest($1::bytea[])))`,
    [boundArray('bytea', ids)],
  );
  return rowCount > 0;
}

/** The answer to the refresh that consumed this token, while it may be repeated and its own refresh token is unused. */
export async function findAnswer(db: Db, tokenId: string): Promise<Buffer | undefined> {
  const { rows } = await db.query<{ sealed: Buffer }>(
    `select a.sealed
       from refresh_answers a
       join tokens successor on successor.id = a.successor_id
      where a.token_id = $1
        and a.expires_at > now()
        and successor.consumed_at is null
        and successor.revoked_at is null`,
    [bytes(tokenId)],
  );
  return rows[0]?.sealed;
}
