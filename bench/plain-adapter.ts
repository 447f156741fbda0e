/**
 * The engine's adapter on Postgres as it is usually written: one table of documents, one statement per call, a pool. It keeps
 * what it is told to keep, and promises no more: two uses of one code at the same moment may both succeed.
 */
import type { Adapter, AdapterConstructor, AdapterPayload } from 'oidc-provider';
import pg from 'pg';

const SCHEMA = `
  create table oidc_payloads (
    id text,
    type text,
    payload jsonb not null,
    grant_id text,
    user_code text,
    uid text,
    expires_at timestamptz,
    consumed_at timestamptz,
    primary key (id, type)
  );
  create index on oidc_payloads (grant_id);
  create index on oidc_payloads (user_code);
  create index on oidc_payloads (uid)`;

const UPSERT = `
  insert into oidc_payloads (id, type, payload, grant_id, user_code, uid, expires_at)
  values ($1, $2, $3, $4, $5, $6, $7)
  on conflict (id, type) do update
    set payload = excluded.payload, grant_id = excluded.grant_id, user_code = excluded.user_code,
        uid = excluded.uid, expires_at = excluded.expires_at`;

interface Row {
  readonly payload: AdapterPayload;
  readonly expires_at: Date | null;
  readonly consumed_at: Date | null;
}

/** @param connectionString of an empty database */
export async function plainAdapter(connectionString: string): Promise<AdapterConstructor> {
  const pool = new pg.Pool({ connectionString });
  await pool.query(SCHEMA);

  return class PlainAdapter implements Adapter {
    readonly #type: string;

    constructor(type: string) {
      this.#type = type;
    }
    async upsert(id: string, payload: AdapterPayload, expiresIn?: number) {
      const { grantId, userCode, uid } = payload;
      const expiresAt = expiresIn === undefined ? null : new Date(Date.now() + expiresIn * 1_000);
      await pool.query(UPSERT, [id, this.#type, payload, grantId, userCode, uid, expiresAt]);
    }
    find(id: string) {
      return this.#one('select payload, expires_at, consumed_at from oidc_payloads where type = $1 and id = $2', id);
    }
    findByUid(uid: string) {
      return this.#one('select payload, expires_at, consumed_at from oidc_payloads where type = $1 and uid = $2', uid);
    }
    findByUserCode(code: string) {
      return this.#one(
        'select payload, expires_at, consumed_at from oidc_payloads where type = $1 and user_code = $2',
        code,
      );
    }
    async consume(id: string) {
      await pool.query('update oidc_payloads set consumed_at = now() where type = $1 and id = $2', [this.#type, id]);
    }
    async destroy(id: string) {
      await pool.query('delete from oidc_payloads where type = $1 and id = $2', [this.#type, id]);
    }
    async revokeByGrantId(grantId: string) {
      await pool.query('delete from oidc_payloads where type = $1 and grant_id = $2', [this.#type, grantId]);
    }
    async #one(statement: string, key: string): Promise<AdapterPayload | undefined> {
      const { rows } = await pool.query<Row>(statement, [this.#type, key]);
      const [row] = rows;
      if (!row || (row.expires_at !== null && row.expires_at.getTime() <= Date.now())) return undefined;
      return { ...row.payload, ...(row.consumed_at && { consumed: Math.floor(row.consumed_at.getTime() / 1_000) }) };
    }
  };
}
