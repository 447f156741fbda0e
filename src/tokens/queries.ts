/** All SQL of the token store: the lookups. The one statement that writes is in `write-units.ts`. */
import type { Db } from '#src/db/index.ts';
import type { Grant, Interaction, Session, Token, TokenFormat, TokenKind } from './records.ts';

export { writeUnits } from './write-units.ts';

interface TokenRow {
  id: Buffer;
  kind: TokenKind;
  format: TokenFormat;
  client_id: string;
  account_id: string | null;
  grant_id: string | null;
  grant_type: string | null;
  scope: string | null;
  audience: string | null;
  user_code: Buffer | null;
  issued_at: Date;
  expires_at: Date;
  consumed_at: Date | null;
  remainder: Record<string, unknown>;
}

const seconds = (time: Date): number => Math.floor(time.getTime() / 1000);
const bytes = (id: string): Buffer => Buffer.from(id, 'hex');

const toToken = (row: TokenRow): Token => ({
  id: row.id.toString('hex'),
  kind: row.kind,
  format: row.format,
  clientId: row.client_id,
  accountId: row.account_id ?? undefined,
  grantId: row.grant_id ?? undefined,
  grantType: row.grant_type ?? undefined,
  scope: row.scope ?? undefined,
  audience: row.audience ?? undefined,
  userCode: row.user_code?.toString('hex'),
  issuedAt: seconds(row.issued_at),
  expiresAt: seconds(row.expires_at),
  consumedAt: row.consumed_at ? seconds(row.consumed_at) : undefined,
  remainder: row.remainder,
});

/** A token is good only while its client, its user and its grant are: no cascade can be forgotten or be late. */
export async function findTokens(db: Db, ids: string[]): Promise<Map<string, Token>> {
  const { rows } = await db.query<TokenRow>(
    `select t.id, t.kind, t.format, t.client_id, t.account_id, t.grant_id, t.grant_type, t.scope, t.audience,
            t.user_code, t.issued_at, t.expires_at, t.consumed_at, t.remainder
       from tokens t
       join clients c on c.client_id = t.client_id and not c.disabled
       left join grants g on g.id = t.grant_id
       left join users u on u.id = t.account_id
      where t.id = any($1)
        and t.revoked_at is null
        and (t.grant_id is null or (g.id is not null and g.revoked_at is null))
        and (t.account_id is null or (u.id is not null and (not u.disabled or u.disabled_until <= now())))`,
    [ids.map(bytes)],
  );
  return new Map(rows.map(toToken).map((token) => [token.id, token]));
}

export async function findByUserCode(db: Db, userCode: string): Promise<Token | undefined> {
  const { rows } = await db.query<{ id: Buffer }>(
    `select id
       from tokens
      where user_code = $1
        and revoked_at is null`,
    [bytes(userCode)],
  );
  const [found] = rows.map(({ id }) => id.toString('hex'));
  return found ? (await findTokens(db, [found])).get(found) : undefined;
}

interface GrantRow {
  id: string;
  account_id: string;
  client_id: string;
  session_uid: string | null;
  consented: Record<string, unknown>;
  created_at: Date;
  expires_at: Date;
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
    `select id, account_id, client_id, session_uid, consented, created_at, expires_at
       from grants
      where id = any($1)
        and revoked_at is null`,
    [ids],
  );
  return new Map(rows.map((row) => [row.id, toGrant(row)]));
}

export async function grantsBetween(db: Db, accountId: string, clientId: string): Promise<Grant[]> {
  const { rows } = await db.query<GrantRow>(
    `select id, account_id, client_id, session_uid, consented, created_at, expires_at
       from grants
      where account_id = $1
        and client_id = $2
        and revoked_at is null
        and expires_at > now()
      order by created_at desc
      limit 20`,
    [accountId, clientId],
  );
  return rows.map(toGrant);
}

interface SessionRow {
  id: Buffer;
  uid: string;
  account_id: string | null;
  payload: Record<string, unknown>;
  expires_at: Date;
}

const toSession = (row: SessionRow): Session => ({
  id: row.id.toString('hex'),
  uid: row.uid,
  accountId: row.account_id ?? undefined,
  payload: row.payload,
  expiresAt: seconds(row.expires_at),
});

export async function findSessions(db: Db, ids: string[]): Promise<Map<string, Session>> {
  const { rows } = await db.query<SessionRow>(
    `select id, uid, account_id, payload, expires_at
       from sessions
      where id = any($1)`,
    [ids.map(bytes)],
  );
  return new Map(rows.map(toSession).map((session) => [session.id, session]));
}

export async function findSessionsByUid(db: Db, uids: string[]): Promise<Map<string, Session>> {
  const { rows } = await db.query<SessionRow>(
    `select distinct on (uid) id, uid, account_id, payload, expires_at
       from sessions
      where uid = any($1)
      order by uid, expires_at desc`,
    [uids],
  );
  return new Map(rows.map(toSession).map((session) => [session.uid, session]));
}

export async function findInteractions(db: Db, ids: string[]): Promise<Map<string, Interaction>> {
  const { rows } = await db.query<{ id: Buffer; payload: Record<string, unknown>; expires_at: Date }>(
    `select id, payload, expires_at
       from interactions
      where id = any($1)`,
    [ids.map(bytes)],
  );
  return new Map(
    rows.map(({ id, payload, expires_at }) => {
      const hex = id.toString('hex');
      return [hex, { id: hex, payload, expiresAt: seconds(expires_at) }];
    }),
  );
}

export async function isReplay(db: Db, ids: string[]): Promise<boolean> {
  const { rowCount } = await db.query(
    `select 1
       from replays
      where id = any($1)`,
    [ids.map(bytes)],
  );
  return rowCount > 0;
}
