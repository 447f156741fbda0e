import { type Db, isUniqueViolation } from '#src/db/index.ts';
import { Conflict } from '#src/oauth/problems.ts';

export interface ApiRow {
  identifier: string;
  ordinal: string;
  name: string;
  scopes: { name: string; description: string }[];
  access_token_format: 'opaque' | 'jwt';
  signing_alg: 'ES256' | 'RS256' | 'Ed25519';
  access_token_ttl: number | null;
  include_jti: boolean;
  include_status: boolean;
  introspection_clients: string[];
  built_in: boolean;
  created_at: Date;
  updated_at: Date;
}

const API = `
  identifier, ordinal, name, scopes, access_token_format, signing_alg, access_token_ttl, introspection_clients, built_in,
  include_jti, include_status, created_at, updated_at`;

export type ApiValues = Omit<ApiRow, 'ordinal' | 'created_at' | 'updated_at'>;

const values = (api: ApiValues) => [
  api.identifier,
  api.name,
  JSON.stringify(api.scopes),
  api.access_token_format,
  api.signing_alg,
  api.access_token_ttl,
  api.introspection_clients,
  api.built_in,
  api.include_jti,
  api.include_status,
];

export async function allApis(db: Db): Promise<ApiRow[]> {
  const { rows } = await db.query<ApiRow>(`select ${API} from apis order by ordinal`);
  return rows;
}

/** Undefined when there is none; held until the transaction ends. */
export async function lockApi(db: Db, identifier: string): Promise<ApiRow | undefined> {
  const { rows } = await db.query<ApiRow>(`select ${API} from apis where identifier = $1 for update`, [identifier]);
  return rows[0];
}

/** @throws {Conflict} */
export async function insertApi(db: Db, api: ApiValues): Promise<ApiRow> {
  try {
    const { rows } = await db.query<ApiRow>(
      `insert into apis (identifier, name, scopes, access_token_format, signing_alg, access_token_ttl,
                         introspection_clients, built_in, include_jti, include_status)
       values ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10)
       returning ${API}`,
      values(api),
    );
    return rows[0] as ApiRow;
  } catch (error) {
    throw isUniqueViolation(error, 'apis_pkey') ? new Conflict('this identifier is taken') : error;
  }
}

/** Newer programs know more scopes; a start that changes nothing writes nothing and wakes nobody. */
export async function ensureApi(db: Db, api: ApiValues): Promise<void> {
  await db.query(
    `insert into apis (identifier, name, scopes, access_token_format, signing_alg, access_token_ttl,
                       introspection_clients, built_in, include_jti, include_status)
     values ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10)
     on conflict (identifier) do update
        set name = excluded.name, scopes = excluded.scopes, access_token_format = excluded.access_token_format,
            signing_alg = excluded.signing_alg, access_token_ttl = excluded.access_token_ttl,
            introspection_clients = excluded.introspection_clients, built_in = excluded.built_in,
            include_jti = excluded.include_jti, include_status = excluded.include_status, updated_at = now()
      where (apis.name, apis.scopes, apis.access_token_format, apis.signing_alg, apis.access_token_ttl,
             apis.introspection_clients, apis.built_in, apis.include_jti, apis.include_status)
            is distinct from
            (excluded.name, excluded.scopes, excluded.access_token_format, excluded.signing_alg,
             excluded.access_token_ttl, excluded.introspection_clients, excluded.built_in, excluded.include_jti,
             excluded.include_status)`,
    values(api),
  );
}

export async function updateApi(db: Db, api: ApiValues): Promise<ApiRow> {
  const { rows } = await db.query<ApiRow>(
    `update apis
        set name = $2, scopes = $3, access_token_format = $4, signing_alg = $5, access_token_ttl = $6,
            introspection_clients = $7, built_in = $8, include_jti = $9, include_status = $10, updated_at = now()
      where identifier = $1
      returning ${API}`,
    values(api),
  );
  return rows[0] as ApiRow;
}

export async function deleteApi(db: Db, identifier: string): Promise<boolean> {
  const { rowCount } = await db.query('delete from apis where identifier = $1 and not built_in', [identifier]);
  return rowCount > 0;
}
